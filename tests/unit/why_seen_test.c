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
#include "why_seen.h"

#define UE "10.60.0.1"
#define DN "10.70.0.2"
#define GNB "10.100.1.2"
#define N6 "10.70.0.1"
#define UPLINK_TEID 0x10001
#define DOWNLINK_TEID 0x20001
#define NETNS_INODE "4026532000"

DEFINE_CLEANUP(struct why_seen *, seen, why_seen_free)

static struct addr address(const char *text)
{
	struct addr a = {0};

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void set_tuple(struct event_tuple *t, const char *src, const char *dst)
{
	*t = (struct event_tuple){.src = address(src), .dst = address(dst), .proto = IPPROTO_UDP};
	t->sport = strcmp(src, DN) ? 4000 : 5002;
	t->dport = strcmp(dst, DN) ? 4000 : 5002;
}

static struct event row(enum event_kind kind, const char *interface, enum event_dir dir, uint64_t n)
{
	struct event e = {.probe = "flow",
			  .kind = kind,
			  .netns = "upf",
			  .dir = (uint8_t)dir,
			  .packets = n,
			  .flow.segments = n,
			  .bytes = 100 * n};

	snprintf(e.interface, sizeof(e.interface), "%s", interface);
	for (enum event_field f = 0; f < F_MAX; f++)
		if (f == F_NETNS || f == F_INTERFACE || f == F_DIR || f == F_PACKETS || f == F_BYTES || f == F_SEGMENTS)
			event_set(&e, f);
	return e;
}

static void set_outer(struct event *e, const char *src, const char *dst)
{
	set_tuple(&e->outer, src, dst);
	for (int f = F_OUTER_SRC; f <= F_OUTER_PROTO; f++)
		event_set(e, f);
}

static void set_inner(struct event *e, const char *src, const char *dst)
{
	set_tuple(&e->inner, src, dst);
	for (int f = F_INNER_SRC; f <= F_INNER_PROTO; f++)
		event_set(e, f);
}

static void set_teid(struct event *e, uint32_t teid)
{
	e->gtp.teid = teid;
	event_set(e, F_GTP_TEID);
}

static void add_plain(struct why_seen *s, const char *interface, enum event_dir dir, const char *src, const char *dst,
		      uint64_t n)
{
	struct event e = row(KIND_FLOW, interface, dir, n);

	set_outer(&e, src, dst);
	why_seen_add(s, &e);
}

static void add_tunnelled(struct why_seen *s, enum event_dir dir, uint32_t teid, const char *src, const char *dst,
			  uint64_t n)
{
	struct event e = row(KIND_FLOW, "n3", dir, n);

	set_teid(&e, teid);
	set_inner(&e, src, dst);
	why_seen_add(s, &e);
}

static void add_tunnel(struct why_seen *s, enum event_dir dir, uint32_t teid, const char *src, const char *dst,
		       uint64_t n)
{
	struct event e = row(KIND_TUNNEL, "n3", dir, n);

	set_teid(&e, teid);
	e.gtp.type = 255;
	e.gtp.qfi = 9;
	event_set(&e, F_GTP_TYPE);
	event_set(&e, F_GTP_QFI);
	e.outer.src = address(src);
	e.outer.dst = address(dst);
	event_set(&e, F_OUTER_SRC);
	event_set(&e, F_OUTER_DST);
	why_seen_add(s, &e);
}

/* A session that works, as TC sees it, beside another one's packets. */
static void add_session(struct why_seen *s)
{
	add_tunnelled(s, DIR_INGRESS, UPLINK_TEID, UE, DN, 10);
	add_tunnel(s, DIR_INGRESS, UPLINK_TEID, GNB, "10.100.1.1", 10);
	add_plain(s, "upfgtp", DIR_INGRESS, UE, DN, 10);
	add_plain(s, "n6", DIR_EGRESS, UE, DN, 10);
	add_plain(s, "n6", DIR_INGRESS, DN, UE, 8);
	add_plain(s, "upfgtp", DIR_EGRESS, DN, UE, 8);
	add_tunnelled(s, DIR_EGRESS, DOWNLINK_TEID, DN, UE, 8);
	add_tunnel(s, DIR_EGRESS, DOWNLINK_TEID, "10.100.1.1", GNB, 8);
	add_tunnelled(s, DIR_INGRESS, UPLINK_TEID, "fd00::9", "fd00::1", 5); /* its other address */
	add_tunnel(s, DIR_INGRESS, UPLINK_TEID, GNB, "10.100.1.1", 5);
	add_tunnelled(s, DIR_INGRESS, 0x10002, "10.60.0.2", DN, 1000);
	add_plain(s, "n6", DIR_EGRESS, "10.60.0.2", DN, 1000);
}

static struct why_question by_ue(void)
{
	return (struct why_question){.by_ue = true, .ue = address(UE)};
}

static struct why_session session(void)
{
	struct why_session s = {.known = true, .has_ue = true, .ue = address(UE), .n = 2};

	s.pdrs[0] = (struct why_pdr){.way = WHY_UPLINK, .has_teid = true, .teid = UPLINK_TEID};
	s.pdrs[1] = (struct why_pdr){
		.way = WHY_DOWNLINK, .has_peer = true, .peer = address(GNB), .peer_teid = DOWNLINK_TEID};
	return s;
}

static struct why_seen_facts sum(const struct why_seen *s)
{
	struct why_place place = {.netns = "upf", .inode = NETNS_INODE, .device = "upfgtp", .n_addresses = 1};
	struct why_seen_facts f;

	place.addresses[0] = address(N6);
	assert_int_equal(why_seen_sum(s, &place, &f), 0);
	return f;
}

static void check_session(const struct why_seen_facts *f)
{
	const struct why_counts *up = &f->ways[WHY_UPLINK], *down = &f->ways[WHY_DOWNLINK];
	struct addr gnb = address(GNB), dn = address(DN);

	assert_int_equal(up->arrived, 10);
	assert_int_equal(up->device, 10);
	assert_int_equal(up->left, 10);
	assert_int_equal(down->arrived, 8);
	assert_int_equal(down->device, 8);
	assert_int_equal(down->left, 8);
	assert_string_equal(up->in, "n3");
	assert_string_equal(up->out, "n6");
	assert_true(up->has_peer && addr_equal(&up->peer, &gnb));
	assert_true(down->has_peer && addr_equal(&down->peer, &gnb));
	assert_int_equal(down->teid, DOWNLINK_TEID);
	assert_int_equal(up->qfi, 9);
	assert_true(addr_equal(&up->far_end, &dn));
	assert_int_equal(up->other_teid + up->other_ue + up->malformed, 0);
	assert_false(f->translated);
}

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

static void add_error(struct why_seen *s, enum event_dir dir, uint32_t teid, uint64_t n)
{
	struct event e = row(KIND_ERROR_INDICATION, "n3", dir, n);

	set_teid(&e, teid);
	set_outer(&e, GNB, "10.100.1.1");
	why_seen_add(s, &e);
}

static void test_far_end(void **state)
{
	const struct why_question q = by_ue();
	_cleanup_(cleanup_seen) struct why_seen *s = why_seen_new(&q, NULL);
	struct event icmp = row(KIND_FLOW, "n3", DIR_INGRESS, 3);
	struct why_seen_facts f;

	add_session(s);
	add_error(s, DIR_INGRESS, DOWNLINK_TEID, 8);
	add_error(s, DIR_INGRESS, DOWNLINK_TEID + 1, 100); /* of another session */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_ue),
		cmocka_unit_test(test_by_teid),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_translated),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_latency_rows),
		cmocka_unit_test(test_stacked_devices_count_once),
		cmocka_unit_test(test_far_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
