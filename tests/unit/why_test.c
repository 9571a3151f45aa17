/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One case a fault: what is seen of a session that works, and what the fault changes of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gtp5g.h"
#include "why.h"
#include "why_facts.h"

/* The same facts, with names that a shell would take for commands. */
static struct why_facts hostile(const struct why_facts *f)
{
	struct why_facts h = *f;
	char *const names[] = {h.net.device,	      h.net.n3,
			       h.net.first_down,      h.net.to_ue.interface,
			       h.net.to_dn.interface, h.net.to_gnb.interface,
			       h.seen.ways[0].in,     h.seen.ways[0].out,
			       h.seen.ways[1].in,     h.seen.ways[1].out};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i][0])
			memcpy(names[i] + strlen(names[i]), ";$(id)", sizeof(";$(id)"));
	advice_inside(&(struct netns){.name = "upf;$(id)"}, h.inside);
	return h;
}

static void check_quoted(const char *advice)
{
	for (const char *at = advice; (at = strstr(at, ";$(id)")); at++) {
		const char *word = at;

		while (word > advice && word[-1] != ' ')
			word--;
		if (*word != '\'')
			fail_msg("not quoted: %s", advice);
	}
}

static void check_commands(const struct why_facts *f)
{
	struct why_facts h = hostile(f);
	struct why_answer a;

	why_judge(&h, &a);
	check_quoted(a.advice);
	for (int way = 0; way < WHY_WAYS; way++)
		check_quoted(a.ways[way].advice);
}

static void check(const struct why_facts *f, enum why_state state, int way, int stop, const char *reason,
		  const char *part)
{
	struct why_answer a;

	why_judge(f, &a);
	if (a.state != state || a.way != way)
		fail_msg("state %d way %d: %s", a.state, a.way, a.verdict);
	if (!strstr(a.verdict, part))
		fail_msg("'%s' is not in '%s'", part, a.verdict);
	check_commands(f);
	if (way < 0)
		return;
	assert_int_equal(a.ways[way].stop, stop);
	assert_string_equal(a.ways[way].reason, reason);
	assert_true(a.advice[0]);
}

static void broken(const struct why_facts *f, int way, int stop, const char *reason, const char *part)
{
	check(f, WHY_BROKEN, way, stop, reason, part);
}

static void test_fine(void **state)
{
	for (int upf = 0; upf <= WHY_UPF_GTP5G; upf++) {
		struct why_facts f = fine(upf);

		check(&f, WHY_FINE, -1, -1, NULL, "UE 10.60.0.1: both directions work: uplink 100 in, 100 out");
	}
}

static void test_silent(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);
	struct why_answer a;

	stop_at(&f, WHY_UPLINK, WHY_ARRIVED);
	check(&f, WHY_SILENT, -1, -1, NULL, "the session is there, and no packet of it came");
	why_judge(&f, &a);
	assert_int_equal(a.n_notes, 0);
	f.net.forwarding = 0;
	f.net.to_ue = (struct why_route){.asked = true, .error = -ENETUNREACH};
	why_judge(&f, &a);
	assert_int_equal(a.n_notes, 2);
	assert_non_null(strstr(a.notes[1], "no route leads to 10.60.0.1, which is behind upfgtp"));
	snprintf(f.net.down, sizeof(f.net.down), "n3");
	snprintf(f.net.first_down, sizeof(f.net.first_down), "n3");
	check(&f, WHY_SILENT, -1, -1, NULL, "n3 is down");
	f.net.down[0] = '\0';
	f.session.known = false;
	check(&f, WHY_SILENT, -1, -1, NULL, "no session and no packet");
}

static void test_no_pdr(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G), base;
	struct why_answer a;

	drop(&f, WHY_UPLINK, "dropped", "no_pdr");
	base = f;
	broken(&f, WHY_UPLINK, WHY_MATCHED, "no_pdr", "TEID and UE fit PDR 1");
	f.seen.ways[WHY_UPLINK].other_teid = N;
	f.seen.ways[WHY_UPLINK].other_teid_value = 0x7777;
	broken(&f, WHY_UPLINK, WHY_MATCHED, "wrong_teid", "in TEID 0x00007777, the session's F-TEID is 0x00010001");
	f = base;
	f.seen.ways[WHY_UPLINK].arrived = 0; /* they came by N3 all the same */
	f.seen.ways[WHY_UPLINK].other_ue = N;
	f.seen.ways[WHY_UPLINK].other_ue_value = address("10.60.0.9");
	broken(&f, WHY_UPLINK, WHY_MATCHED, "wrong_ue", "come from 10.60.0.9, the session is of 10.60.0.1");
	why_judge(&f, &a);
	assert_true(a.ways[WHY_UPLINK].stages[WHY_ARRIVED].visible);
	assert_int_equal(a.ways[WHY_UPLINK].stages[WHY_ARRIVED].packets, N);
	f = base;
	f.session.known = false;
	broken(&f, WHY_UPLINK, WHY_MATCHED, "no_session", "no PDR for TEID 0x00010001");
	f = fine(WHY_UPF_GTP5G);
	drop(&f, WHY_UPLINK, "dropped", "malformed_inner");
	broken(&f, WHY_UPLINK, WHY_MATCHED, "malformed_inner", "shorter than an IPv4 header");
	f = fine(WHY_UPF_GTP5G);
	drop(&f, WHY_DOWNLINK, "dropped", "no_pdr");
	broken(&f, WHY_DOWNLINK, WHY_MATCHED, "no_pdr", "there is a downlink PDR");
	f.session.n = 1;
	broken(&f, WHY_DOWNLINK, WHY_MATCHED, "no_pdr", "none of this direction");
}

static void test_gtp(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP);

	drop(&f, WHY_UPLINK, "to_user", NULL);
	broken(&f, WHY_UPLINK, WHY_MATCHED, "not_plain", "takes no extension header");
	f.session = (struct why_session){0};
	broken(&f, WHY_UPLINK, WHY_MATCHED, "no_session", "no PDP context for TEID 0x00010001");
	f = fine(WHY_UPF_GTP);
	drop(&f, WHY_DOWNLINK, "dropped", "no_pdr");
	f.session = (struct why_session){0};
	broken(&f, WHY_DOWNLINK, WHY_MATCHED, "no_session", "no PDP context for 10.60.0.1");
}

static void test_rules(void **state)
{
	static const struct {
		enum why_way way;
		const char *verdict, *reason, *said, *part;
	} cases[] = {
		{WHY_UPLINK, "dropped", "far_drop", "far_drop", "FAR 1 of PDR 1 says drop"},
		{WHY_DOWNLINK, "dropped", "far_drop", "far_drop", "FAR 2 of PDR 2 says drop"},
		{WHY_UPLINK, "dropped", "quota", "quota", "a URR's quota is used up"},
		{WHY_UPLINK, "dropped", "no_far", "no_far", "PDR 1 has no FAR"},
		{WHY_UPLINK, "dropped", "gate_closed", "gate_closed", "the uplink gate of QER 7 is closed"},
		{WHY_DOWNLINK, "dropped", "gate_closed", "gate_closed", "the downlink gate of QER 7"},
		{WHY_DOWNLINK, "dropped", "qer_red", "qer_red", "QER 7 polices it to 2000 kbit/s"},
		{WHY_DOWNLINK, "buffered", NULL, "buffered", "FAR 2 buffers: the UE is idle"},
		{WHY_DOWNLINK, "dropped", "no_ran_address", "no_ran_address", "FAR 2 has no gNB"},
		{WHY_DOWNLINK, "dropped", "no_route", "no_route", "no route leads to the gNB 10.100.1.2"},
		{WHY_UPLINK, "dropped", "no_outer_header_removal", "no_outer_header_removal", "PDR 1 lacks"},
		{WHY_UPLINK, "dropped", "backlog_full", "backlog_full", "backlog is full"},
		{WHY_UPLINK, "dropped", "unknown", "unknown", "does not tell why"},
	};

	struct why_facts f;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		f = fine(WHY_UPF_GTP5G);
		drop(&f, cases[i].way, cases[i].verdict, cases[i].reason);
		broken(&f, cases[i].way, WHY_HANDLED, cases[i].said, cases[i].part);
	}
	f = fine(WHY_UPF_GTP); /* what the module does not tell, the routes do */
	drop(&f, WHY_DOWNLINK, "dropped", "unknown");
	f.net.to_gnb = (struct why_route){.asked = true, .error = -ENETUNREACH};
	broken(&f, WHY_DOWNLINK, WHY_HANDLED, "no_route", "no route leads to the gNB 10.100.1.2");
}

static void test_malformed(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);

	drop(&f, WHY_UPLINK, "dropped", "malformed_extension");
	broken(&f, WHY_UPLINK, WHY_MATCHED, "malformed_extension", "GTP-U that the module does not take");
	f = fine(WHY_UPF_GTP5G);
	drop(&f, WHY_DOWNLINK, "dropped", "not_ipv4");
	broken(&f, WHY_DOWNLINK, WHY_MATCHED, "not_ipv4", "IPv4 alone");
}

static void test_to_module(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G), base;

	stop_at(&f, WHY_UPLINK, WHY_REACHED);
	base = f;
	broken(&f, WHY_UPLINK, WHY_REACHED, "not_delivered", "not the module's socket");
	f.net.sockets = 0;
	broken(&f, WHY_UPLINK, WHY_REACHED, "no_socket", "no socket listens at UDP 2152 in upf");
	f = base;
	f.net.rp_n3 = 1;
	f.net.to_gnb = (struct why_route){.asked = true, .error = -ENETUNREACH};
	broken(&f, WHY_UPLINK, WHY_REACHED, "rp_filter", "no route leads back to the gNB");
	f = fine(WHY_UPF_USER);
	stop_at(&f, WHY_UPLINK, WHY_HANDLED);
	broken(&f, WHY_UPLINK, WHY_HANDLED, "user_space", "the UPF process puts nothing on upfgtp");
	f.grown.values[WHY_UDP_READ] = N / 2 - 1;
	broken(&f, WHY_UPLINK, WHY_HANDLED, "not_delivered", "not the UPF's socket: a firewall (INPUT)");
	f.net.socket_queue = 1;
	broken(&f, WHY_UPLINK, WHY_HANDLED, "user_space", "or it is stuck");
	f.net.device_up = false;
	broken(&f, WHY_UPLINK, WHY_HANDLED, "device_down", "upfgtp is down");
}

static void test_without_device(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);

	f.net.device[0] = '\0';
	stop_at(&f, WHY_UPLINK, WHY_LEFT);
	broken(&f, WHY_UPLINK, WHY_LEFT, "user_space", "the UPF process puts nothing on N6");
	f.grown.values[WHY_UDP_CHECKSUM] = N;
	broken(&f, WHY_UPLINK, WHY_LEFT, "udp_checksum", "wrong outer UDP checksum");
	f.net.sockets = 0;
	broken(&f, WHY_UPLINK, WHY_LEFT, "no_socket", "no socket listens at UDP 2152 in upf");
}

static void test_to_n6(void **state)
{
	struct why_facts base = fine(WHY_UPF_GTP5G), f;

	stop_at(&base, WHY_UPLINK, WHY_LEFT);
	f = base;
	f.net.forward = (struct why_route){.asked = true, .error = -EHOSTUNREACH};
	broken(&f, WHY_UPLINK, WHY_LEFT, "route_refuses", "the routes refuse packets of 10.60.0.1 to 10.70.0.2");
	broken(&base, WHY_UPLINK, WHY_LEFT, "filtered", "a firewall rule (FORWARD)");
	f = base;
	f.net.forwarding = 0;
	broken(&f, WHY_UPLINK, WHY_LEFT, "ip_forward", "ip_forward is 0: packets end after decapsulation, at upfgtp");
	f = base;
	f.net.device_forwarding = 0;
	broken(&f, WHY_UPLINK, WHY_LEFT, "ip_forward", "forwarding is off at upfgtp");
	f = base;
	f.net.rp_all = 1;
	snprintf(f.net.to_ue.interface, sizeof(f.net.to_ue.interface), "n6");
	broken(&f, WHY_UPLINK, WHY_LEFT, "rp_filter", "the route to 10.60.0.1 goes by n6, not upfgtp");
	f.net.rp_all = 2; /* loose: any route will do, where the device has an address */
	broken(&f, WHY_UPLINK, WHY_LEFT, "rp_filter", "the route to 10.60.0.1 goes by n6, not upfgtp");
	f.net.device_has_v4 = true;
	broken(&f, WHY_UPLINK, WHY_LEFT, "filtered", "");
	f.net.to_ue = (struct why_route){.asked = true, .error = -ENETUNREACH};
	broken(&f, WHY_UPLINK, WHY_LEFT, "rp_filter", "no route leads back to 10.60.0.1");
	f = base;
	f.net.to_dn = (struct why_route){.asked = true, .error = -ENETUNREACH};
	broken(&f, WHY_UPLINK, WHY_LEFT, "no_route_n6", "no route leads to 10.70.0.2");
	f = base;
	f.net.to_dn.up = false;
	broken(&f, WHY_UPLINK, WHY_LEFT, "interface_down", "n6 is down");
	f = base;
	f.net.to_dn.next_hop_silent = true;
	broken(&f, WHY_UPLINK, WHY_LEFT, "next_hop_silent", "10.70.0.2 at n6, does not answer ARP");
	f = base;
	snprintf(f.net.to_dn.interface, sizeof(f.net.to_dn.interface), "upfgtp");
	broken(&f, WHY_UPLINK, WHY_LEFT, "route_loop", "leads back to upfgtp");
}

static void test_ipv6_forwarding(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);

	f.ue = f.seen.ue = address("fd00:60:0:1::1");
	stop_at(&f, WHY_UPLINK, WHY_LEFT);
	f.net.device_forwarding = 0; /* IPv4's */
	f.net.rp_all = 1;
	f.net.forwarding = 0;
	broken(&f, WHY_UPLINK, WHY_LEFT, "ip_forward", "IPv6 forwarding is 0");
}

static void test_n6_back(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);
	struct why_answer a;

	stop_at(&f, WHY_DOWNLINK, WHY_ARRIVED);
	broken(&f, WHY_DOWNLINK, WHY_ARRIVED, "n6_silent", "100 uplink packets left on n6 for 10.70.0.2");
	why_judge(&f, &a);
	assert_non_null(strstr(a.advice, "MASQUERADE"));
	f.seen.translated = true;
	why_judge(&f, &a);
	assert_null(strstr(a.advice, "MASQUERADE"));
	assert_int_equal(a.n_notes, 1);
	f.net.to_dn.next_hop_silent = true;
	broken(&f, WHY_DOWNLINK, WHY_ARRIVED, "next_hop_silent", "does not answer ARP");
}

static void test_to_device(void **state)
{
	struct why_facts base = fine(WHY_UPF_GTP5G), f;

	stop_at(&base, WHY_DOWNLINK, WHY_REACHED);
	f = base;
	f.net.to_ue = (struct why_route){.asked = true, .error = -ENETUNREACH};
	broken(&f, WHY_DOWNLINK, WHY_REACHED, "no_ue_route", "no route leads to 10.60.0.1");
	snprintf(f.net.to_ue.interface, sizeof(f.net.to_ue.interface), "n6");
	f.net.to_ue.error = 0;
	broken(&f, WHY_DOWNLINK, WHY_REACHED, "no_ue_route", "goes by n6, not upfgtp");
	f = base;
	f.net.device_up = false;
	broken(&f, WHY_DOWNLINK, WHY_REACHED, "device_down", "upfgtp is down");
	broken(&base, WHY_DOWNLINK, WHY_REACHED, "filtered", "FORWARD");
}

static void test_to_n3(void **state)
{
	struct why_facts base = fine(WHY_UPF_GTP), f;

	stop_at(&base, WHY_DOWNLINK, WHY_LEFT);
	broken(&base, WHY_DOWNLINK, WHY_LEFT, "filtered", "OUTPUT");
	f = base;
	f.net.to_gnb.next_hop_silent = true;
	broken(&f, WHY_DOWNLINK, WHY_LEFT, "next_hop_silent", "the next hop to the gNB");
	f = base;
	f.net.to_gnb.up = false;
	broken(&f, WHY_DOWNLINK, WHY_LEFT, "interface_down", "n3 is down");
	f = fine(WHY_UPF_USER);
	stop_at(&f, WHY_DOWNLINK, WHY_LEFT);
	broken(&f, WHY_DOWNLINK, WHY_LEFT, "user_space", "sends none on N3");
	f.grown.values[WHY_SENT] = N / 2;
	broken(&f, WHY_DOWNLINK, WHY_LEFT, "filtered", "OUTPUT");
}

static void test_n3_silent(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);

	stop_at(&f, WHY_UPLINK, WHY_ARRIVED);
	set_way(&f.seen.ways[WHY_DOWNLINK], "n6", "n3", "forwarded");
	f.seen.ways[WHY_DOWNLINK].teid = 0x20001;
	broken(&f, WHY_UPLINK, WHY_ARRIVED, "n3_silent", "left for 10.100.1.2, TEID 0x00020001");
}

/* Some get through; what differs because TC and module were not counted at one time is no loss. */
static void test_lossy(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);
	struct why_counts *down = &f.seen.ways[WHY_DOWNLINK];

	down->outcomes[0].packets = 70;
	down->outcomes[1] = (struct why_outcome){"dropped", "qer_red", 30};
	down->n_outcomes = 2;
	down->left = 70;
	check(&f, WHY_LOSSY, WHY_DOWNLINK, WHY_HANDLED, "qer_red", "the downlink loses 30 packets: QER 7");
	f = fine(WHY_UPF_GTP5G);
	down->module = down->outcomes[0].packets = down->left = 95;
	check(&f, WHY_LOSSY, WHY_DOWNLINK, WHY_REACHED, "filtered", "loses 5 packets");
	f = fine(WHY_UPF_GTP5G);
	down->left = N - 2; /* on their way */
	check(&f, WHY_FINE, -1, -1, NULL, "both directions work");
}

/* gtp5g before 0.9.2 does not tell what became of an uplink packet: the device does. */
static void test_unknown_verdict(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);
	struct why_answer a;

	f.seen.ways[WHY_UPLINK].outcomes[0].verdict = "unknown";
	why_judge(&f, &a);
	assert_int_equal(a.state, WHY_FINE);
	assert_true(a.ways[WHY_UPLINK].stages[WHY_HANDLED].visible);
	assert_int_equal(a.ways[WHY_UPLINK].stages[WHY_HANDLED].packets, N);
}

/* Without the module TC at its device tells as much as there is to see. */
static void test_module_not_watched(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP);
	struct why_answer a;

	f.module_ran = false;
	snprintf(f.module_why, sizeof(f.module_why), "no kprobes");
	stop_at(&f, WHY_UPLINK, WHY_HANDLED);
	why_judge(&f, &a);
	assert_int_equal(a.ways[WHY_UPLINK].stop, WHY_HANDLED);
	assert_false(a.ways[WHY_UPLINK].stages[WHY_MATCHED].visible);
	assert_string_equal(a.ways[WHY_UPLINK].stages[WHY_MATCHED].detail, "not visible: no kprobes");
}

/* What explains an answer, or what it may lack. */
static void test_more_notes(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);
	struct why_answer a;

	f.seen.ways[WHY_UPLINK].has_qfi = true;
	f.seen.ways[WHY_UPLINK].qfi = 9;
	f.malformed = 34;
	f.malformed_as = "gtpu_length";
	f.unwatched = 1;
	f.seen.ways[WHY_UPLINK].arrived = 0;
	why_judge(&f, &a);
	assert_non_null(strstr(a.verdict, "uplink ? in, 100 out"));
	assert_int_equal(a.n_notes, 3);
	assert_non_null(strstr(a.notes[0], "the downlink has no PDU Session Container, the uplink has QFI 9"));
	assert_non_null(strstr(a.notes[1], "34 GTP-U packets of any session contradict themselves (gtpu_length)"));
	assert_non_null(strstr(a.notes[2], "1 interface of this network namespace was not watched"));
	f = fine(WHY_UPF_USER);
	stop_at(&f, WHY_UPLINK, WHY_REACHED);
	why_judge(&f, &a);
	assert_non_null(strstr(a.notes[0], "the uplink has no PDU Session Container (QFI)"));
	f = fine(WHY_UPF_USER);
	stop_at(&f, WHY_UPLINK, WHY_ARRIVED);
	f.ue_at = "ran";
	f.ue_device = "uesimtun0";
	f.ue_inside = "ip netns exec ran ";
	why_judge(&f, &a);
	assert_non_null(strstr(a.verdict, "no packet came, and the UE is on this node: at uesimtun0 in ran"));
	assert_non_null(strstr(a.advice, "ip netns exec ran ping -I uesimtun0"));
}

static void test_notes(void **state)
{
	struct why_facts f = fine(WHY_UPF_GTP5G);
	struct why_answer a;

	f.seen.ways[WHY_DOWNLINK].unreachable = 7;
	f.session.others = 1;
	why_judge(&f, &a);
	assert_int_equal(a.n_notes, 2);
	assert_non_null(strstr(a.notes[0], "7 of the downlink packets are ICMP 'unreachable'"));
	assert_string_equal(a.notes[1], "1 more session fit: this is the first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fine),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_no_pdr),
		cmocka_unit_test(test_gtp),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_to_module),
		cmocka_unit_test(test_without_device),
		cmocka_unit_test(test_to_n6),
		cmocka_unit_test(test_ipv6_forwarding),
		cmocka_unit_test(test_n6_back),
		cmocka_unit_test(test_to_device),
		cmocka_unit_test(test_to_n3),
		cmocka_unit_test(test_n3_silent),
		cmocka_unit_test(test_lossy),
		cmocka_unit_test(test_unknown_verdict),
		cmocka_unit_test(test_module_not_watched),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_more_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
