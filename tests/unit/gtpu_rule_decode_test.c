/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of changed rules and End Markers to events. */
#include <errno.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gtpu/gtpu_run.h"

static struct gtpu_rule_record record(uint16_t kind, uint16_t func_id)
{
	return (struct gtpu_rule_record){
		.hdr = {.ts_ns = 5,
			.size = sizeof(struct gtpu_rule_record),
			.kind = kind,
			.version = RECORD_VERSION,
			.flags = RECORD_TASK,
			.tid = 11,
			.tgid = 10,
			.comm = "upf"},
		.seid = 0x1122334455667788,
		.netns = 4026531840,
		.id = 2,
		.ifindex = 3,
		.func_id = func_id,
		.nlmsg_flags = NLM_F_REPLACE,
		.attrs_len = 4,
		.teid = 78,
		.peer = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1},
		.counts = {5, 500, 6, 600},
	};
}

static void a_replaced_far(void **state)
{
	struct gtpu_rule_record r = record(GTPU_RULE, GTP5G_GENL_ADD_FAR);
	char netns[GTPU_NETNS_MAX];
	struct event e;

	r.has = GTPU_RULE_HAS_ID | GTPU_RULE_HAS_DEVICE | GTPU_RULE_HAS_COUNTS | GTPU_RULE_SEES_MARKERS;
	assert_int_equal(gtpu_record_decode(&r, sizeof(r), &e, netns), 0);
	assert_int_equal(e.kind, KIND_RULE);
	assert_int_equal(e.rule.kind, RULE_FAR);
	assert_int_equal(e.rule.change, CHANGE_REPLACED);
	assert_true(e.seid == r.seid && e.far_id == 2 && e.ifindex == 3 && e.pid == 11);
	assert_string_equal(e.netns, "4026531840");
	assert_int_equal(e.netns_inode, 4026531840);
	assert_int_equal(e.rule.buffered.packets, 5);
	assert_int_equal(e.rule.buffered.bytes, 500);
	assert_int_equal(e.rule.dropped.packets, 6);
	assert_int_equal(e.rule.dropped.bytes, 600);
	assert_true(event_has(&e, F_FAR_ID) && event_has(&e, F_DROPPED_BYTES));
	assert_true(e.rule.sees_end_markers);
	assert_ptr_equal(e.rule.attrs, r.attrs);
	assert_int_equal(e.rule.attrs_len, 4);
}

static void what_is_not_known_is_absent(void **state)
{
	struct gtpu_rule_record r = record(GTPU_RULE, GTP5G_GENL_DEL_BAR);
	char netns[GTPU_NETNS_MAX];
	struct event e;

	r.attrs_len = GTPU_RULE_ATTRS_MAX + 1; /* cut */
	assert_int_equal(gtpu_record_decode(&r, sizeof(r), &e, netns), 0);
	assert_int_equal(e.rule.kind, RULE_BAR);
	assert_int_equal(e.rule.change, CHANGE_REMOVED);
	assert_false(event_has(&e, F_BAR_ID) || event_has(&e, F_SEID) || event_has(&e, F_NETNS) ||
		     event_has(&e, F_IFINDEX) || event_has(&e, F_BUFFERED_PACKETS));
	assert_null(e.rule.attrs);
	assert_int_equal(e.netns_inode, 0);
}

static void kinds_and_changes(void **state)
{
	static const enum event_rule_kind kinds[] = {RULE_PDR, RULE_FAR, RULE_QER, RULE_URR, RULE_BAR};
	char netns[GTPU_NETNS_MAX];
	struct event e;

	for (uint16_t i = 0; i < 10; i++) {
		struct gtpu_rule_record r = record(GTPU_RULE, GTP5G_GENL_ADD_PDR + i);

		r.nlmsg_flags = NLM_F_EXCL;
		assert_int_equal(gtpu_record_decode(&r, sizeof(r), &e, netns), 0);
		assert_int_equal(e.rule.kind, kinds[i % 5]);
		assert_int_equal(e.rule.change, i < 5 ? CHANGE_CREATED : CHANGE_REMOVED);
	}
}

static void an_end_marker(void **state)
{
	struct gtpu_rule_record r = record(GTPU_END_MARKER, GTP5G_FWD_EMARK_SKB_IPV4);
	char netns[GTPU_NETNS_MAX], text[ADDR_TEXT_MAX];
	struct event e;

	r.has = GTPU_RULE_HAS_DEVICE | GTPU_RULE_HAS_TUNNEL;
	assert_int_equal(gtpu_record_decode(&r, sizeof(r), &e, netns), 0);
	assert_int_equal(e.kind, KIND_END_MARKER);
	assert_int_equal(e.gtp.teid, 78);
	assert_int_equal(e.gtp.type, 254);
	assert_string_equal(addr_format(&e.outer.dst, text), "10.0.0.1");
	assert_false(event_has(&e, F_RULE));
}

static void foreign_records_are_refused(void **state)
{
	struct gtpu_rule_record r = record(GTPU_RULE, GTP5G_GENL_ADD_FAR);
	char netns[GTPU_NETNS_MAX];
	struct event e;

	assert_int_equal(gtpu_record_decode(&r, sizeof(r) - 1, &e, netns), -EBADMSG);
	assert_int_equal(gtpu_record_decode(&r, 8, &e, netns), -EBADMSG);
	r.func_id = GTP5G_ENCAP_RECV;
	assert_int_equal(gtpu_record_decode(&r, sizeof(r), &e, netns), -EBADMSG);
	r = record(GTPU_END_MARKER, GTP5G_GENL_ADD_FAR);
	assert_int_equal(gtpu_record_decode(&r, sizeof(r), &e, netns), -EBADMSG);
	r = record(GTPU_RULE, GTP5G_GENL_ADD_FAR);
	r.hdr.version++;
	assert_int_equal(gtpu_record_decode(&r, sizeof(r), &e, netns), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replaced_far),
		cmocka_unit_test(what_is_not_known_is_absent),
		cmocka_unit_test(kinds_and_changes),
		cmocka_unit_test(an_end_marker),
		cmocka_unit_test(foreign_records_are_refused),
	};

	return cmocka_run_group_tests_name("gtpu rules", tests, NULL, NULL);
}
