/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gtp5g.h"
#include "why_find.h"

#define NETNS 4026531840u

DEFINE_CLEANUP(struct rules *, rules, rules_free)

static struct addr address(const char *text)
{
	struct addr a = {0};

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static struct gtp5g_rule rule(enum gtp5g_rule_kind kind, uint64_t seid, uint32_t id, uint32_t has)
{
	struct gtp5g_rule r;

	memset(&r, 0, sizeof(r));
	r.kind = kind;
	r.seid = seid;
	r.id = id;
	r.has = GTP5G_HAS_ID | has;
	return r;
}

/* PDR 1 up and PDR 2 down, with a FAR each and a QER for both. */
static void add_session(struct rules *t, uint64_t seid, const char *ue, uint32_t teid)
{
	struct gtp5g_rule up =
		rule(GTP5G_RULE_PDR, seid, 1,
		     GTP5G_HAS_UE | GTP5G_HAS_TEID | GTP5G_HAS_LOCAL | GTP5G_HAS_FAR_ID | GTP5G_HAS_REMOVAL);
	struct gtp5g_rule down = rule(GTP5G_RULE_PDR, seid, 2, GTP5G_HAS_UE | GTP5G_HAS_FAR_ID);
	struct gtp5g_rule forward = rule(GTP5G_RULE_FAR, seid, 10, GTP5G_HAS_ACTION);
	struct gtp5g_rule tunnel = rule(GTP5G_RULE_FAR, seid, 20, GTP5G_HAS_ACTION | GTP5G_HAS_TEID | GTP5G_HAS_PEER);
	struct gtp5g_rule qer = rule(GTP5G_RULE_QER, seid, 30, GTP5G_HAS_GATE | GTP5G_HAS_QFI);

	up.pdr.ue = down.pdr.ue = address(ue);
	up.pdr.teid = teid;
	up.pdr.local = address("10.100.1.1");
	up.pdr.far_id = 10;
	down.pdr.far_id = 20;
	up.pdr.qers.n = down.pdr.qers.n = 1;
	up.pdr.qers.ids[0] = down.pdr.qers.ids[0] = 30;
	forward.far.action = tunnel.far.action = 2;
	tunnel.far.teid = 0x20000 + teid;
	tunnel.far.peer = address("10.100.1.2");
	qer.qer.qfi = 9;
	qer.qer.mbr.ul_high = 1; /* 256 kbit/s */
	rules_add(t, NETNS, &up);
	rules_add(t, NETNS, &down);
	rules_add(t, NETNS, &forward);
	rules_add(t, NETNS, &tunnel);
	rules_add(t, NETNS, &qer);
}

static struct rules *two_sessions(void)
{
	struct rules *t = rules_new(64);

	assert_non_null(t);
	add_session(t, 0x11, "10.60.0.1", 1);
	add_session(t, 0x22, "10.60.0.2", 2);
	rules_sort(t);
	return t;
}

static void test_found(void **state)
{
	_cleanup_(cleanup_rules) struct rules *t = two_sessions();
	const struct why_question questions[] = {
		{.by_ue = true, .ue = address("10.60.0.2")}, {.teid = 2}, {.teid = 0x20002}};

	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		struct why_session s;
		const struct why_pdr *up, *down;

		assert_true(why_find(t, NETNS, &questions[i], &s));
		assert_int_equal(s.seid, 0x22);
		assert_int_equal(s.n, 2);
		assert_int_equal(s.others, 0);
		up = why_pdr_of(&s, WHY_UPLINK, false, 0);
		down = why_pdr_of(&s, WHY_DOWNLINK, true, 2);
		assert_int_equal(up->teid, 2);
		assert_true(up->has_teid && up->far_found && up->qer_found && up->removes_header);
		assert_int_equal(up->qfi, 9);
		assert_int_equal(up->mbr_uplink, 256);
		assert_true(down->has_peer && !down->has_teid);
		assert_int_equal(down->peer_teid, 0x20002);
	}
}

static void test_none(void **state)
{
	_cleanup_(cleanup_rules) struct rules *t = two_sessions();
	const struct why_question q = {.by_ue = true, .ue = address("10.60.0.3")}, teid = {.teid = 7};
	struct why_session s = {.n = 77};

	assert_false(why_find(t, NETNS, &q, &s));
	assert_false(why_find(t, NETNS, &teid, &s));
	assert_false(why_find(t, NETNS + 1, &(struct why_question){.teid = 1}, &s));
	assert_int_equal(s.n, 77);
}

static void test_others(void **state)
{
	_cleanup_(cleanup_rules) struct rules *t = rules_new(64);
	const struct why_question q = {.by_ue = true, .ue = address("10.60.0.1")};
	struct why_session s;

	add_session(t, 0x11, "10.60.0.1", 1);
	add_session(t, 0x22, "10.60.0.1", 2);
	rules_sort(t);
	assert_true(why_find(t, NETNS, &q, &s));
	assert_int_equal(s.seid, 0x11);
	assert_int_equal(s.others, 1);
}

static void test_pdp(void **state)
{
	const struct gtp_pdp four = {
		.i_tei = 1, .o_tei = 2, .ms_addr = address("10.60.0.1"), .peer = address("10.100.1.2")};
	const struct gtp_pdp six = {
		.i_tei = 1, .o_tei = 2, .ms_addr = address("fd00:60:0:1::"), .peer = address("10.100.1.2")};
	const struct why_question by_teid = {.teid = 2};
	const struct why_question by_ue6 = {.by_ue = true, .ue = address("fd00:60:0:1::1")};
	struct why_session s = {0};

	assert_false(why_find_pdp(&four, &by_ue6, &s));
	assert_false(s.known);
	assert_true(why_find_pdp(&six, &by_ue6, &s));
	assert_true(s.has_ue && addr_equal(&s.ue, &by_ue6.ue));
	s = (struct why_session){0};
	assert_true(why_find_pdp(&six, &by_teid, &s));
	assert_false(s.has_ue); /* a prefix is no address */
	assert_true(why_find_pdp(&four, &by_teid, &s));
	assert_true(s.has_ue && addr_equal(&s.ue, &four.ms_addr));
	assert_int_equal(s.n, 2);
	assert_int_equal(s.others, 0);
	assert_int_equal(why_pdr_of(&s, WHY_UPLINK, false, 0)->teid, 1);
	assert_int_equal(why_pdr_of(&s, WHY_DOWNLINK, false, 0)->peer_teid, 2);
}

#define SESSION_QER 30 /* 100 Mbit/s */
#define FLOW_QER 31    /* QFI 5, 64 kbit/s uplink, 32 downlink */

/* A session as free5GC makes it, with both QERs in each PDR. */
static void find_session_of(const char *version, bool flow_first, uint8_t flow_gate, bool flow_has_rates,
			    struct why_session *ret)
{
	_cleanup_(cleanup_rules) struct rules *t = rules_new(64);
	struct rules_place place = {.netns = NETNS};
	struct gtp5g_rule up = rule(GTP5G_RULE_PDR, 7, 1, GTP5G_HAS_UE | GTP5G_HAS_TEID | GTP5G_HAS_REMOVAL);
	struct gtp5g_rule down = rule(GTP5G_RULE_PDR, 7, 2, GTP5G_HAS_UE);
	struct gtp5g_rule session = rule(GTP5G_RULE_QER, 7, SESSION_QER, GTP5G_HAS_GATE);
	struct gtp5g_rule flow = rule(GTP5G_RULE_QER, 7, FLOW_QER, GTP5G_HAS_GATE);
	struct why_question q = {.by_ue = true, .ue = address("10.60.0.1")};

	up.pdr.ue = down.pdr.ue = q.ue;
	up.pdr.qers.n = down.pdr.qers.n = 2;
	up.pdr.qers.ids[flow_first] = down.pdr.qers.ids[flow_first] = SESSION_QER;
	up.pdr.qers.ids[!flow_first] = down.pdr.qers.ids[!flow_first] = FLOW_QER;
	session.qer.mbr.ul_high = session.qer.mbr.dl_high = 390625;
	flow.qer.qfi = 5;
	flow.qer.gate = flow_gate;
	flow.qer.mbr.ul_low = 64;
	flow.qer.mbr.dl_low = flow_has_rates ? 32 : 0;
	rules_add(t, NETNS, &up);
	rules_add(t, NETNS, &down);
	rules_add(t, NETNS, &session);
	rules_add(t, NETNS, &flow);
	snprintf(place.version, sizeof(place.version), "%s", version);
	rules_add_place(t, &place);
	assert_true(why_find(t, NETNS, &q, ret));
}

static void find_session(bool flow_first, uint8_t flow_gate, bool flow_has_rates, struct why_session *ret)
{
	find_session_of("0.10.2", flow_first, flow_gate, flow_has_rates, ret);
}

static const struct why_pdr *uplink_of(const struct why_session *s)
{
	return why_pdr_of(s, WHY_UPLINK, false, 0);
}

static const struct why_pdr *downlink_of(const struct why_session *s)
{
	return why_pdr_of(s, WHY_DOWNLINK, false, 0);
}

/* gtp5g, set_pdr_qer_ids() and pdr_fill() of its src/genl/genl_pdr.c: each QER that has rates replaces that before it.
 */
static void test_the_last_qer_with_rates_polices(void **state)
{
	struct why_session s;

	find_session(false, 0, true, &s);
	assert_int_equal(uplink_of(&s)->qer_id, FLOW_QER);
	assert_int_equal(uplink_of(&s)->mbr_uplink, 64);
	assert_int_equal(downlink_of(&s)->mbr_downlink, 32);
	find_session(true, 0, true, &s);
	assert_int_equal(uplink_of(&s)->qer_id, SESSION_QER);
	assert_int_equal(uplink_of(&s)->mbr_uplink, 100000000);
	assert_int_equal(downlink_of(&s)->qer_id, SESSION_QER);
	assert_int_equal(downlink_of(&s)->qfi, 5);
	find_session(false, 0, false, &s);
	assert_int_equal(uplink_of(&s)->qer_id, SESSION_QER);
	assert_int_equal(uplink_of(&s)->qfi, 5);
}

/* Either QER's gate stops the packets. */
static void test_a_closed_gate_of_any_qer(void **state)
{
	struct why_session s;

	for (int first = 0; first < 2; first++) {
		find_session(first, GTP5G_GATE_DOWNLINK_CLOSED, true, &s);
		assert_int_equal(downlink_of(&s)->qer_id, FLOW_QER);
		assert_int_equal(downlink_of(&s)->gate, GTP5G_GATE_DOWNLINK_CLOSED);
		assert_int_equal(uplink_of(&s)->qer_id, first ? SESSION_QER : FLOW_QER);
	}
}

/* Before 0.9.2 pdr_fill() stops at the first QER that has rates, and gtp5g_rx() reads that QER's gate alone; before
 * 0.8.9 it reads none. */
static void test_older_versions(void **state)
{
	struct why_session s;

	find_session_of("0.8.10", false, 0, true, &s);
	assert_int_equal(uplink_of(&s)->qer_id, SESSION_QER);
	find_session_of("0.8.10", true, 0, true, &s);
	assert_int_equal(uplink_of(&s)->qer_id, FLOW_QER);
	find_session_of("0.9.1", false, GTP5G_GATE_DOWNLINK_CLOSED, true, &s);
	assert_int_equal(downlink_of(&s)->qer_id, SESSION_QER);
	find_session_of("0.9.1", true, GTP5G_GATE_DOWNLINK_CLOSED, true, &s);
	assert_int_equal(downlink_of(&s)->qer_id, FLOW_QER);
	find_session_of("0.8.8", true, GTP5G_GATE_DOWNLINK_CLOSED, false, &s);
	assert_int_equal(downlink_of(&s)->qer_id, SESSION_QER);
	find_session_of("0.8.5", true, 0, true, &s);
	assert_int_equal(downlink_of(&s)->qer_id, FLOW_QER); /* the PDR's first: none polices */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_pdp),
		cmocka_unit_test(test_the_last_qer_with_rates_polices),
		cmocka_unit_test(test_a_closed_gate_of_any_qer),
		cmocka_unit_test(test_older_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
