/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One packet at several devices, and what the far end of a tunnel says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "why_rows.h"

/* A macvlan and its parent, a VXLAN device and the tunnel below it: what both see is one packet. */
static void test_stacked_devices_count_once(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct event e = row(KIND_FLOW, "parent", DIR_INGRESS, 10);
	struct why_seen_facts f;

	add_session(s);
	set_teid(&e, UPLINK_TEID);
	set_inner(&e, UE, DN);
	why_seen_add(s, &e);
	e.flow.overlay = "vxlan";
	e.flow.vni = 7;
	event_set(&e, F_OVERLAY);
	event_set(&e, F_VNI);
	snprintf(e.interface, sizeof(e.interface), "eth0");
	why_seen_add(s, &e);
	add_plain(s, "bridge", DIR_EGRESS, UE, DN, 9); /* its port n6 has 10 */
	f = sum(s);
	check_session(&f);
}

static void add_at(struct why_seen *s, const char *interface, enum event_dir dir, uint32_t teid, bool up)
{
	struct event e = row(KIND_FLOW, interface, dir, up ? 10 : 8);

	set_teid(&e, teid);
	set_inner(&e, up ? UE : DN, up ? DN : UE);
	why_seen_add(s, &e);
}

/* gNB and UPF on one host: each packet leaves one of them by the loopback device, and comes to the other. */
static void test_n3_on_the_loopback_device(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct why_seen_facts f;

	for (int dir = 0; dir < 2; dir++) {
		add_at(s, "lo", dir ? DIR_EGRESS : DIR_INGRESS, UPLINK_TEID, true);
		add_at(s, "lo", dir ? DIR_EGRESS : DIR_INGRESS, DOWNLINK_TEID, false);
	}
	add_plain(s, "n6", DIR_EGRESS, UE, DN, 10);
	add_plain(s, "n6", DIR_INGRESS, DN, UE, 8);
	f = sum(s);
	assert_int_equal(f.ways[WHY_UPLINK].arrived, 10);
	assert_int_equal(f.ways[WHY_UPLINK].left, 10);
	assert_int_equal(f.ways[WHY_DOWNLINK].arrived, 8);
	assert_int_equal(f.ways[WHY_DOWNLINK].left, 8);
	assert_true(f.one_interface);
}

static void add_error_at(struct why_seen *s, const char *interface, enum event_dir dir, uint32_t teid, uint64_t n)
{
	struct event e = row(KIND_ERROR_INDICATION, interface, dir, n);

	set_teid(&e, teid);
	set_outer(&e, GNB, "10.100.1.1");
	why_seen_add(s, &e);
}

static void add_error(struct why_seen *s, enum event_dir dir, uint32_t teid, uint64_t n)
{
	add_error_at(s, "n3", dir, teid, n);
}

static void test_far_end(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct event icmp = row(KIND_FLOW, "n3", DIR_INGRESS, 3);
	struct why_seen_facts f;

	add_session(s);
	add_error(s, DIR_INGRESS, DOWNLINK_TEID, 8);
	add_error_at(s, "eth0", DIR_INGRESS, DOWNLINK_TEID, 7); /* below n3, watched a packet later */
	add_error(s, DIR_INGRESS, DOWNLINK_TEID + 1, 100);	/* of another session */
	add_error(s, DIR_EGRESS, UPLINK_TEID, 2);
	set_outer(&icmp, GNB, "10.100.1.1");
	icmp.outer.proto = IPPROTO_ICMP;
	icmp.outer.sport = icmp.outer.dport = 3;
	why_seen_add(s, &icmp);
	f = sum(s);
	assert_int_equal(f.ways[WHY_DOWNLINK].refused, 8);
	assert_int_equal(f.ways[WHY_DOWNLINK].refused_teid, DOWNLINK_TEID);
	assert_int_equal(f.ways[WHY_UPLINK].refused, 2);
	assert_int_equal(f.ways[WHY_DOWNLINK].port_unreachable, 3);
	assert_true(f.one_interface);
}

/* The UPF's host says that no route leads on, and its answer is no packet of the data network. */
static void test_own_errors(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct event inside = row(KIND_FLOW, "n3", DIR_EGRESS, 4), plain = row(KIND_FLOW, "upfgtp", DIR_EGRESS, 4);
	struct why_seen_facts f;

	add_session(s);
	set_teid(&inside, DOWNLINK_TEID);
	set_inner(&inside, N6, UE);
	inside.inner.proto = IPPROTO_ICMP;
	inside.inner.sport = 3;
	why_seen_add(s, &inside);
	set_outer(&plain, N6, UE);
	plain.outer.proto = IPPROTO_ICMP;
	plain.outer.sport = 3;
	why_seen_add(s, &plain);
	f = sum(s);
	check_session(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacked_devices_count_once),
		cmocka_unit_test(test_n3_on_the_loopback_device),
		cmocka_unit_test(test_far_end),
		cmocka_unit_test(test_own_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
