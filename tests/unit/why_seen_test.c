/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "why_rows.h"

static void test_by_ue(void **state)
{
	const struct why_question q = by_ue();
	const struct why_session known = session();
	const struct why_session *sessions[] = {NULL, &known};

	for (size_t i = 0; i < ARRAY_SIZE(sessions); i++) {
		_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, sessions[i]);
		struct why_seen_facts f;

		add_session(s);
		f = sum(s);
		check_session(&f);
	}
}

/* Of one direction's TEID alone the address is learned, and by it the other's. */
static void test_by_teid(void **state)
{
	const uint32_t teids[] = {UPLINK_TEID, DOWNLINK_TEID};

	for (size_t i = 0; i < ARRAY_SIZE(teids); i++) {
		const struct why_question q = {.teid = teids[i]};
		_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
		struct addr ue = address(UE);
		struct why_seen_facts f;

		add_session(s);
		f = sum(s);
		assert_true(f.has_ue && addr_equal(&f.ue, &ue));
		check_session(&f);
	}
}

static struct why_seen_facts sum_user_space(const struct why_seen *s)
{
	struct why_place place = {.netns = "upf", .inode = NETNS_INODE, .device = "upfgtp", .user_space = true};
	struct why_seen_facts f;

	assert_int_equal(why_seen_sum(s, &place, &f), 0);
	return f;
}

/* A session that works, and half of another: the UE has two addresses there. */
static void add_half(struct why_seen *s, enum event_dir dir, uint32_t teid, const char *src, const char *dst)
{
	add_tunnelled(s, DIR_INGRESS, 0x10002, "10.60.0.2", DN, 9);
	add_tunnelled(s, DIR_INGRESS, 0x10002, "fe80::2", "ff02::2", 90);
	add_tunnelled(s, DIR_EGRESS, 0x20002, DN, "10.60.0.2", 9);
	add_tunnelled(s, dir, teid, src, dst, 3);
	add_tunnelled(s, dir, teid, dir == DIR_INGRESS ? "fe80::1" : DN, dir == DIR_INGRESS ? "ff02::2" : "fe80::1", 2);
}

/* Asked by the TEID of the direction that has not begun. */
static void test_supposed(void **state)
{
	const struct why_question by_uplink = {.teid = UPLINK_TEID}, by_downlink = {.teid = DOWNLINK_TEID};
	_cleanup_(cleanup_seen) struct why_seen *up = why_seen_new(&by_downlink, NULL);
	_cleanup_(cleanup_seen) struct why_seen *down = why_seen_new(&by_uplink, NULL);
	struct addr ue = address(UE);
	struct why_seen_facts f;

	add_half(up, DIR_INGRESS, UPLINK_TEID, UE, DN);
	f = sum_user_space(up);
	assert_true(f.n_halves == 1 && f.halves[0].way == WHY_UPLINK && f.halves[0].teid == UPLINK_TEID);
	assert_true(f.has_ue && addr_equal(&f.ue, &ue));
	assert_int_equal(f.ways[WHY_UPLINK].arrived, 3);
	assert_false(sum(up).n_halves || sum(up).has_ue); /* the module knows its sessions */
	add_half(down, DIR_EGRESS, DOWNLINK_TEID, DN, UE);
	f = sum_user_space(down);
	assert_true(f.n_halves == 1 && f.halves[0].way == WHY_DOWNLINK && f.halves[0].teid == DOWNLINK_TEID);
	assert_int_equal(f.ways[WHY_DOWNLINK].left, 3);
}

static void test_not_supposed(void **state)
{
	const struct why_question q = {.teid = DOWNLINK_TEID};
	_cleanup_(cleanup_seen) struct why_seen *several = why_seen_new(&q, NULL);
	_cleanup_(cleanup_seen) struct why_seen *malformed = why_seen_new(&q, NULL);
	struct why_seen_facts f;

	for (unsigned i = 1; i <= 6; i++) {
		char ue[16];

		snprintf(ue, sizeof(ue), "10.60.1.%u", i);
		add_half(several, DIR_INGRESS, 0x30000 + i, ue, DN);
	}
	f = sum_user_space(several);
	assert_int_equal(f.n_halves, WHY_HALVES_MAX);
	assert_int_equal(f.halves_left_out, 2);
	assert_false(f.has_ue);
	add_half(malformed, DIR_INGRESS, UPLINK_TEID, UE, DN);
	add_tunnel(malformed, DIR_EGRESS, DOWNLINK_TEID, "10.100.1.1", GNB,
		   8); /* it has begun, of what UE is not seen */
	f = sum_user_space(malformed);
	assert_false(f.n_halves || f.has_ue);
}

static void test_elsewhere(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct event e = row(KIND_FLOW, "n3", DIR_INGRESS, 5);

	e.netns = "other";
	set_teid(&e, UPLINK_TEID);
	set_inner(&e, UE, DN);
	why_seen_add(s, &e);
	e.netns = NETNS_INODE;
	why_seen_add(s, &e);
	e.netns = "upf";
	e.flow.vlan = 7; /* seen again at the VLAN's own interface */
	event_set(&e, F_VLAN);
	why_seen_add(s, &e);
	assert_int_equal(sum(s).ways[WHY_UPLINK].arrived, 5);
}

static void test_strangers(void **state)
{
	const struct why_question q = by_ue();
	const struct why_session known = session();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, &known);
	const struct why_counts *up;
	struct why_seen_facts f;

	add_tunnelled(s, DIR_INGRESS, 0x7777, UE, DN, 3);
	add_tunnelled(s, DIR_INGRESS, UPLINK_TEID, "10.60.0.9", DN, 4);
	add_tunnelled(s, DIR_INGRESS, UPLINK_TEID, "fd00::9", "fd00::1", 9); /* its other address */
	add_tunnel(s, DIR_INGRESS, UPLINK_TEID, GNB, "10.100.1.1", 15);
	f = sum(s);
	up = &f.ways[WHY_UPLINK];
	assert_int_equal(up->arrived, 3);
	assert_int_equal(up->other_teid, 3);
	assert_int_equal(up->other_teid_value, 0x7777);
	assert_int_equal(up->other_ue, 4);
	assert_int_equal(up->malformed, 2);
}

static void test_translated(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct why_seen_facts f;

	add_tunnelled(s, DIR_INGRESS, UPLINK_TEID, UE, DN, 10);
	add_plain(s, "upfgtp", DIR_INGRESS, UE, DN, 10);
	add_plain(s, "n6", DIR_EGRESS, N6, DN, 10);
	add_plain(s, "n6", DIR_INGRESS, DN, N6, 9);
	add_plain(s, "n6", DIR_EGRESS, N6, "10.70.0.77", 100); /* the node's own */
	add_plain(s, "n6", DIR_INGRESS, "10.70.0.77", N6, 100);
	f = sum(s);
	assert_true(f.translated);
	assert_int_equal(f.ways[WHY_UPLINK].left, 10);
	assert_int_equal(f.ways[WHY_DOWNLINK].arrived, 9);
}

/* The next hop is asked for, and answers, beside a ping that is not answered. */
static void test_neighbours(void **state)
{
	const struct why_question q = {.by_ue = true, .ue = address("fd00:60::1")};
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct why_place place = {.netns = "upf", .inode = NETNS_INODE, .device = "upfgtp", .n_addresses = 1};
	struct event e = row(KIND_FLOW, "n3", DIR_INGRESS, 10);
	struct why_seen_facts f;

	place.addresses[0] = address("fd00:200::1");
	set_teid(&e, UPLINK_TEID);
	set_inner(&e, "fd00:60::1", "fd00:200::2");
	e.inner.proto = IPPROTO_ICMPV6;
	e.inner.sport = 128;
	why_seen_add(s, &e);
	for (uint16_t type = 128; type <= 136; type += 8) {
		e = row(KIND_FLOW, "n6", type == 128 ? DIR_EGRESS : DIR_INGRESS, 10);
		set_outer(&e, type == 128 ? "fd00:200::1" : "fd00:200::2", type == 128 ? "fd00:200::2" : "fd00:200::1");
		e.outer.proto = IPPROTO_ICMPV6;
		e.outer.sport = type;
		why_seen_add(s, &e);
	}
	assert_int_equal(why_seen_sum(s, &place, &f), 0);
	assert_true(f.translated);
	assert_int_equal(f.ways[WHY_UPLINK].left, 10);
	assert_int_equal(f.ways[WHY_DOWNLINK].arrived, 0);
}

/* A node asks for routers as its UEs do. */
static void test_group(void **state)
{
	const struct why_question q = {.by_ue = true, .ue = address("fe80::abcd")};
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct why_place place = {.netns = "upf", .inode = NETNS_INODE, .device = "upfgtp", .n_addresses = 1};
	struct why_seen_facts f;

	place.addresses[0] = address("fe80::1");
	add_tunnelled(s, DIR_INGRESS, UPLINK_TEID, "fe80::abcd", "ff02::2", 10);
	add_plain(s, "upfgtp", DIR_INGRESS, "fe80::abcd", "ff02::2", 10);
	add_plain(s, "n6", DIR_EGRESS, "fe80::1", "ff02::2", 1);
	assert_int_equal(why_seen_sum(s, &place, &f), 0);
	assert_false(f.translated);
	assert_int_equal(f.ways[WHY_UPLINK].left, 0);
}

static void test_icmp(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct event e = row(KIND_FLOW, "n6", DIR_INGRESS, 3);
	struct why_seen_facts f;

	set_outer(&e, DN, UE);
	e.outer.proto = IPPROTO_ICMP;
	e.outer.sport = 3;
	e.outer.dport = 3; /* port unreachable */
	why_seen_add(s, &e);
	e.outer.dport = 4; /* fragmentation needed */
	e.flow.segments = e.packets = 2;
	why_seen_add(s, &e);
	f = sum(s);
	assert_int_equal(f.ways[WHY_DOWNLINK].unreachable, 3);
	assert_int_equal(f.ways[WHY_DOWNLINK].too_big, 2);
	assert_int_equal(f.ways[WHY_DOWNLINK].arrived, 5);
}

static struct event module_event(enum event_kind kind, enum event_direction direction, const char *verdict,
				 const char *reason)
{
	bool down = direction == DIRECTION_DOWNLINK;
	struct event e = {.probe = "gtpu",
			  .kind = kind,
			  .netns = "upf",
			  .call.verdict = verdict,
			  .reason = reason,
			  .direction = (uint8_t)direction};

	e.call.function = down ? "gtp5g_dev_xmit" : "gtp5g_encap_recv";
	event_set(&e, F_NETNS);
	event_set(&e, F_FUNCTION);
	event_set(&e, F_DIRECTION);
	event_set(&e, F_VERDICT);
	if (reason)
		event_set(&e, F_REASON);
	e.inner.src = address(down ? DN : UE);
	e.inner.dst = address(down ? UE : DN);
	event_set(&e, down ? F_INNER_DST : F_INNER_SRC);
	return e;
}

static void add_rows(struct why_seen *s)
{
	struct event e = module_event(KIND_SESSION, DIRECTION_UPLINK, "forwarded_n6", NULL);

	e.packets = 90;
	e.seid = 0x1001;
	e.pdr_id = 3;
	event_set(&e, F_PACKETS);
	event_set(&e, F_SEID);
	event_set(&e, F_PDR_ID);
	why_seen_add(s, &e);
	why_seen_add(s, &e);
	e = module_event(KIND_SESSION, DIRECTION_UPLINK, "dropped", "qer_red");
	e.packets = 20;
	event_set(&e, F_PACKETS);
	why_seen_add(s, &e);
	e.inner.src = address("10.60.0.2");
	why_seen_add(s, &e);
	e.netns = "other";
	e.inner.src = address(UE);
	why_seen_add(s, &e);
}

static void add_exits(struct why_seen *s)
{
	for (unsigned i = 1; i <= 100; i++) {
		struct event e = module_event(KIND_EXIT, DIRECTION_UPLINK, "forwarded_n6", NULL);

		e.call.duration_ns = i * 1000;
		event_set(&e, F_DURATION_NS);
		why_seen_add(s, &e);
	}
}

/* Rows "session" are exact; exits are what there is without them, and always the durations. */
static void test_module(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct why_seen_facts f;
	const struct why_counts *up = &f.ways[WHY_UPLINK];

	add_exits(s);
	why_seen_lost(s, 5);
	f = sum(s);
	assert_false(f.by_rows);
	assert_int_equal(f.events_lost, 5);
	assert_int_equal(up->module, 100);
	assert_int_equal(up->latency.packets, 100);
	assert_int_equal(up->latency.median_ns, 50000);
	assert_int_equal(up->latency.p99_ns, 99000);
	add_rows(s);
	f = sum(s);
	assert_true(f.by_rows);
	assert_int_equal(f.events_lost, 0);
	assert_int_equal(up->module, 200);
	assert_int_equal(up->n_outcomes, 2);
	assert_true(up->has_rule);
	assert_int_equal(up->seid, 0x1001);
	assert_int_equal(up->pdr_id, 3);
	assert_int_equal(up->latency.packets, 100);
	assert_false(up->latency.all_sessions);
}

static void test_latency_rows(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct event e = module_event(KIND_LATENCY, DIRECTION_UPLINK, NULL, NULL);
	struct why_seen_facts f;

	add_rows(s);
	e.call.duration_ns = 1024; /* from there to below 2048 */
	e.packets = 98;
	why_seen_add(s, &e);
	e.call.duration_ns = 8192;
	e.packets = 2;
	why_seen_add(s, &e);
	e.call.stage = "lookup"; /* a part of them */
	event_set(&e, F_STAGE);
	why_seen_add(s, &e);
	f = sum(s);
	assert_int_equal(f.ways[WHY_UPLINK].latency.packets, 100);
	assert_int_equal(f.ways[WHY_UPLINK].latency.median_ns, 2048);
	assert_int_equal(f.ways[WHY_UPLINK].latency.p99_ns, 16384);
	assert_true(f.ways[WHY_UPLINK].latency.at_most);
	assert_true(f.ways[WHY_UPLINK].latency.all_sessions);
	assert_int_equal(f.ways[WHY_DOWNLINK].latency.packets, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_ue),	   cmocka_unit_test(test_by_teid),
		cmocka_unit_test(test_supposed),   cmocka_unit_test(test_not_supposed),
		cmocka_unit_test(test_elsewhere),  cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_translated), cmocka_unit_test(test_group),
		cmocka_unit_test(test_neighbours), cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_module),	   cmocka_unit_test(test_latency_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
