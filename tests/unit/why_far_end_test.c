/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the far end says is evidence: Error Indications, ICMP, and whether both directions are of one gNB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "why_facts.h"

static void check(const struct why_facts *f, enum why_state state, int way, const char *reason, const char *part)
{
	struct why_answer a;

	why_judge(f, &a);
	if (a.state != state || a.way != way || !strstr(a.verdict, part))
		fail_msg("state %d way %d: %s", a.state, a.way, a.verdict);
	assert_true(a.advice[0]);
	if (way >= 0)
		assert_string_equal(a.ways[way].reason, reason);
}

static void test_gnb_refuses(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);
	struct why_counts *down = &f.seen.ways[WHY_DOWNLINK];

	down->refused_teid = 0x22;
	down->refused = 31;
	check(&f, WHY_LOSSY, WHY_DOWNLINK, "gnb_refuses",
	      "loses 31 packets: the gNB 10.100.1.2 refuses TEID 0x00000022");
	down->refused = N;
	check(&f, WHY_BROKEN, WHY_DOWNLINK, "gnb_refuses",
	      "broken: the gNB 10.100.1.2 refuses TEID 0x00000022 (100 Error");
	/* The UE sends nothing: that the gNB does not answer is no fault of the uplink. */
	stop_at(&f, WHY_UPLINK, WHY_ARRIVED);
	set_way(down, "n6", "n3", "forwarded");
	down->refused_teid = 0x22;
	down->refused = 1;
	check(&f, WHY_LOSSY, WHY_DOWNLINK, "gnb_refuses", "(1 Error Indication)");
}

static void test_upf_refuses(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);
	struct why_counts *up = &f.seen.ways[WHY_UPLINK];

	stop_at(&f, WHY_UPLINK, WHY_HANDLED);
	up->refused = N;
	up->refused_teid = 1;
	check(&f, WHY_BROKEN, WHY_UPLINK, "upf_refuses", "the uplink is broken: the UPF refuses TEID 0x00000001");
}

/* A host says it once a second. */
static void test_gnb_is_not_running(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);

	stop_at(&f, WHY_UPLINK, WHY_ARRIVED);
	set_way(&f.seen.ways[WHY_DOWNLINK], "n6", "n3", "forwarded");
	f.seen.ways[WHY_DOWNLINK].port_unreachable = 3;
	check(&f, WHY_BROKEN, WHY_DOWNLINK, "gnb_not_running", "no process listens at its UDP port 2152");
}

static void test_split(void **state)
{
	struct why_facts base = fine(WHY_UPF_GTP5G), f = base;
	struct why_answer a;

	f.seen.ways[WHY_DOWNLINK].peer = address("10.100.1.3");
	check(&f, WHY_SPLIT, -1, NULL,
	      "comes from gNB 10.100.1.2 by n3, and the downlink goes to gNB 10.100.1.3 by n3");
	f = base;
	snprintf(f.seen.ways[WHY_DOWNLINK].out, IF_NAMESIZE, "eth0");
	check(&f, WHY_SPLIT, -1, NULL, "by n3, and the downlink goes to gNB 10.100.1.2 by eth0");
	f.seen.one_interface = true; /* eth0 and n3 are stacked */
	why_judge(&f, &a);
	assert_int_equal(a.state, WHY_FINE);
}

/* Of an uplink that left, nothing comes back. */
static struct why_facts unanswered(const char *to)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);

	stop_at(&f, WHY_DOWNLINK, WHY_ARRIVED);
	f.seen.ways[WHY_UPLINK].far_end = address(to);
	return f;
}

static void test_nothing_comes_back(void **state)
{
	struct why_facts f = unanswered("ff02::2");

	check(&f, WHY_BROKEN, WHY_DOWNLINK, "no_router_advertisement", "100 Router Solicitations");
	/* No router forwards them, whatever its settings. */
	f = fine(WHY_UPF_USER);
	stop_at(&f, WHY_UPLINK, WHY_LEFT);
	f.seen.ways[WHY_UPLINK].far_end = address("ff02::2");
	f.net.forwarding = 0;
	check(&f, WHY_BROKEN, WHY_UPLINK, "no_router_advertisement", "100 Router Solicitations");
	f = unanswered("10.70.0.2");
	check(&f, WHY_BROKEN, WHY_DOWNLINK, "n6_silent", "left on n6 for 10.70.0.2");
	/* An intermediate UPF: NAT would break more. */
	f.seen.ways[WHY_UPLINK].left_n9 = N;
	f.session.pdrs[0].has_peer = true;
	f.session.pdrs[0].peer = address("198.18.9.9");
	check(&f, WHY_BROKEN, WHY_DOWNLINK, "n9_silent", "left on n6 for 198.18.9.9 (N9)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gnb_refuses),	   cmocka_unit_test(test_upf_refuses),
		cmocka_unit_test(test_gnb_is_not_running), cmocka_unit_test(test_split),
		cmocka_unit_test(test_nothing_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
