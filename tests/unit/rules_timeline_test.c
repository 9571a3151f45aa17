/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests to change a rule, in every order with what the module answers. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "rule_timeline.h"
#include "rules_show.h"

#define NETNS 4026531840u
#define SEID 0x11
#define BUFF 4
#define FORW 2
#define IDLE 12 /* buffer and notify */

DEFINE_CLEANUP(struct rule_timeline *, timeline, rule_timeline_free)
DEFINE_CLEANUP(struct rules *, rules, rules_free)

static struct gtp5g_rule far_to(uint16_t action, const char *peer, uint32_t teid)
{
	struct gtp5g_rule r;

	memset(&r, 0, sizeof(r));
	r.kind = GTP5G_RULE_FAR;
	r.id = 2;
	r.seid = SEID;
	r.has = GTP5G_HAS_ID | GTP5G_HAS_ACTION | GTP5G_HAS_TEID | GTP5G_HAS_PEER;
	r.far.action = action;
	r.far.teid = teid;
	r.far.peer = addr_from_v4(inet_addr(peer));
	return r;
}

static struct rule_timeline *timeline_of(const struct gtp5g_rule *far)
{
	struct rules *rules = rules_new(64);
	struct rule_timeline *t;

	assert_non_null(rules);
	if (far)
		rules_add(rules, NETNS, far);
	rules_sort(rules);
	t = rule_timeline_new(rules);
	assert_non_null(t);
	return t;
}

/* The attributes of gtp5g's ADD_FAR: 3 number, 4 action, 5 {1 {2 TEID, 3 peer}}, 7 SEID. */
struct request_attrs {
	uint16_t id_len, id_type;
	uint32_t id;
	uint16_t action_len, action_type;
	uint16_t action, pad;
	uint16_t parameter_len, parameter_type, creation_len, creation_type;
	uint16_t teid_len, teid_type;
	uint32_t teid;
	uint16_t peer_len, peer_type;
	uint32_t peer;
};

static struct request_attrs attrs_of(const struct gtp5g_rule *far)
{
	return (struct request_attrs){.id_len = 8,
				      .id_type = 3,
				      .id = far->id,
				      .action_len = 6,
				      .action_type = 4,
				      .action = far->far.action,
				      .parameter_len = 24,
				      .parameter_type = 5 | 0x8000,
				      .creation_len = 20,
				      .creation_type = 1 | 0x8000,
				      .teid_len = 8,
				      .teid_type = 2,
				      .teid = far->far.teid,
				      .peer_len = 8,
				      .peer_type = 3,
				      .peer = addr_v4(&far->far.peer)};
}

static void take(struct rule_timeline *t, enum event_change change, uint64_t ts_ns, uint64_t kept,
		 const struct gtp5g_rule *far)
{
	const struct request_attrs attrs = attrs_of(far);
	struct event e = {.probe = "gtpu",
			  .kind = KIND_RULE,
			  .rule.kind = RULE_FAR,
			  .rule.change = change,
			  .ts_ns = ts_ns,
			  .seid = SEID,
			  .far_id = far->id,
			  .pid = 7,
			  .netns = "upf",
			  .netns_inode = NETNS,
			  .ifindex = 3,
			  .rule.attrs = &attrs,
			  .rule.attrs_len = sizeof(attrs),
			  .rule.buffered = {kept, 100 * kept},
			  .rule.sees_end_markers = true};

	event_set(&e, F_FAR_ID);
	event_set(&e, F_BUFFERED_PACKETS);
	assert_true(rule_timeline_take(t, &e));
}

static void take_end_marker(struct rule_timeline *t, uint32_t pid)
{
	const struct event e = {.probe = "gtpu", .kind = KIND_END_MARKER, .pid = pid};

	assert_true(rule_timeline_take(t, &e));
}

struct seen {
	struct {
		struct rules_change change;
		struct rules_cause cause;
		struct gtp5g_rule before, after;
		char text[512];
	} rows[8];
	size_t n;
};

static void keep_text(const struct rules_change *change, char *ret, size_t size)
{
	_cleanup_(cleanup_rules) struct rules *none = rules_new(1);
	_cleanup_(buf_free) struct buf text = {0};

	assert_non_null(none);
	rules_change_text(none, change, 0, &text);
	assert_true(text.len < size);
	memcpy(ret, text.data, text.len);
}

static void on_change(const struct rules_change *change, void *data)
{
	struct seen *seen = data;

	assert_true(seen->n < ARRAY_SIZE(seen->rows));
	seen->rows[seen->n].change = *change;
	if (change->cause)
		seen->rows[seen->n].cause = *change->cause;
	if (change->before)
		memcpy(&seen->rows[seen->n].before, change->before, sizeof(*change->before));
	if (change->after)
		memcpy(&seen->rows[seen->n].after, change->after, sizeof(*change->after));
	keep_text(change, seen->rows[seen->n].text, sizeof(seen->rows[seen->n].text));
	seen->n++;
}

static const struct gtp5g_rule *known(const struct rule_timeline *t)
{
	return rules_find(rule_timeline_rules(t), NETNS, GTP5G_RULE_FAR, SEID, 2);
}

static void a_handover_has_what_was_kept_meanwhile(void **state)
{
	const struct gtp5g_rule old = far_to(FORW, "10.0.0.1", 1), kept = far_to(BUFF, "10.0.0.1", 1),
				new = far_to(FORW, "10.0.0.2", 2);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&old);
	struct seen seen = {0};

	take(t, CHANGE_REPLACED, 100, 3, &kept);
	rule_timeline_settle(t, RULE_FOUND, &kept, on_change, &seen);
	take(t, CHANGE_REPLACED, 200, 8, &kept); /* again: nothing changes, and counting goes on */
	rule_timeline_settle(t, RULE_FOUND, &kept, on_change, &seen);
	take(t, CHANGE_REPLACED, 300, 10, &new);
	take_end_marker(t, 7);
	rule_timeline_settle(t, RULE_FOUND, &new, on_change, &seen);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.rows[0].cause.buffered.packets, 3);
	assert_int_equal(seen.rows[0].cause.since_ns, 0);
	assert_int_equal(seen.rows[2].change.event, RULES_HANDOVER);
	assert_int_equal(seen.rows[2].cause.buffered.packets, 7);
	assert_int_equal(seen.rows[2].cause.buffered.bytes, 700);
	assert_int_equal(seen.rows[2].cause.since_ns, 100);
	assert_true(seen.rows[2].cause.end_marker);
	assert_memory_equal(known(t), &new, sizeof(new));
}

/* Idle, a packet for the UE, paging, a service request: the same gNB gives another TEID, and no End Marker is due. */
static void a_paged_ue_resumes(void **state)
{
	const struct gtp5g_rule old = far_to(FORW, "10.0.0.1", 1), idle = far_to(IDLE, "10.0.0.1", 1),
				new = far_to(FORW, "10.0.0.1", 3);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&old);
	struct seen seen = {0};

	take(t, CHANGE_REPLACED, 100, 0, &idle);
	rule_timeline_settle(t, RULE_FOUND, &idle, on_change, &seen);
	take(t, CHANGE_REPLACED, 200, 1, &new);
	rule_timeline_settle(t, RULE_FOUND, &new, on_change, &seen);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.rows[1].change.event, RULES_CHANGED);
	assert_int_equal(seen.rows[2].change.event, RULES_RESUMED);
	assert_int_equal(seen.rows[2].cause.buffered.packets, 1);
	assert_int_equal(seen.rows[2].cause.since_ns, 100);
	assert_non_null(strstr(seen.rows[2].text,
			       " resumed: FAR 2 of 0x11: at 10.0.0.1 TEID 0x00000003 (paging or service "
			       "request); 1 packet kept by the UPF, 0 dropped\n"));
}

static void an_end_marker_makes_a_new_teid_a_handover(void **state)
{
	const struct gtp5g_rule a = far_to(FORW, "10.0.0.1", 1), b = far_to(FORW, "10.0.0.1", 2);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&a);
	struct seen seen = {0};

	take(t, CHANGE_REPLACED, 1, 0, &b);
	take_end_marker(t, 7);
	rule_timeline_settle(t, RULE_FOUND, &b, on_change, &seen);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.rows[1].change.event, RULES_HANDOVER);
	assert_non_null(strstr(seen.rows[1].text, "TEID 0x00000002, an End Marker sent; 0 packets kept by the UPF"));
}

/* That no End Marker was sent is worth a word, but not where the tunnel was given up before. */
static void an_idle_ue_that_moved_needs_no_end_marker(void **state)
{
	const struct gtp5g_rule idle = far_to(IDLE, "10.0.0.1", 1), b = far_to(FORW, "10.0.0.2", 2),
				c = far_to(FORW, "10.0.0.3", 3);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&idle);
	struct seen seen = {0};

	take(t, CHANGE_REPLACED, 1, 0, &b);
	rule_timeline_settle(t, RULE_FOUND, &b, on_change, &seen);
	take(t, CHANGE_REPLACED, 2, 0, &c);
	rule_timeline_settle(t, RULE_FOUND, &c, on_change, &seen);
	assert_int_equal(seen.n, 4);
	assert_non_null(strstr(seen.rows[1].text, "to 10.0.0.2 TEID 0x00000002; 0 packets kept"));
	assert_non_null(strstr(seen.rows[3].text, "to 10.0.0.3 TEID 0x00000003, no End Marker sent; 0 packets kept"));
}

/* What the module says now is not the answer to a request that another one followed. */
static void the_superseded_is_what_was_asked_for(void **state)
{
	const struct gtp5g_rule a = far_to(FORW, "10.0.0.1", 1), b = far_to(FORW, "10.0.0.2", 2);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&a);
	struct rule_request request;
	struct seen seen = {0};

	take(t, CHANGE_REPLACED, 1, 0, &b);
	take(t, CHANGE_REPLACED, 2, 0, &a);
	assert_true(rule_timeline_next(t, &request));
	assert_true(request.superseded);
	assert_int_equal(request.rule.id, 2);
	assert_int_equal(request.ifindex, 3);
	rule_timeline_settle(t, RULE_FOUND, &a, on_change, &seen);
	assert_true(rule_timeline_next(t, &request));
	assert_false(request.superseded);
	rule_timeline_settle(t, RULE_FOUND, &a, on_change, &seen);
	assert_false(rule_timeline_next(t, &request));
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.rows[1].change.event, RULES_HANDOVER);
	assert_int_equal(seen.rows[1].after.far.teid, 2);
	assert_int_equal(seen.rows[3].change.event, RULES_HANDOVER);
	assert_int_equal(seen.rows[3].before.far.teid, 2);
	assert_int_equal(seen.rows[3].after.far.teid, 1);
	assert_false(seen.rows[1].cause.end_marker);
	assert_true(seen.rows[1].cause.end_marker_known);
}

static void an_end_marker_is_its_own_requests(void **state)
{
	const struct gtp5g_rule a = far_to(FORW, "10.0.0.1", 1), b = far_to(FORW, "10.0.0.2", 2);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&a);
	struct seen seen = {0};

	take(t, CHANGE_REPLACED, 1, 0, &b);
	take_end_marker(t, 8); /* another thread's */
	take(t, CHANGE_REPLACED, 2, 0, &a);
	take_end_marker(t, 7);
	for (int i = 0; i < 4; i++)
		rule_timeline_settle(t, RULE_FOUND, &a, on_change, &seen);
	assert_int_equal(seen.n, 4);
	assert_false(seen.rows[1].cause.end_marker);
	assert_true(seen.rows[3].cause.end_marker);
}

static void what_changes_nothing_was_refused(void **state)
{
	const struct gtp5g_rule a = far_to(FORW, "10.0.0.1", 1), b = far_to(FORW, "10.0.0.2", 2);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&a);
	struct seen seen = {0};

	take(t, CHANGE_CREATED, 1, 0, &b); /* it is there */
	rule_timeline_settle(t, RULE_FOUND, &a, on_change, &seen);
	take(t, CHANGE_REPLACED, 2, 0, &b); /* not done */
	rule_timeline_settle(t, RULE_FOUND, &a, on_change, &seen);
	take(t, CHANGE_REMOVED, 3, 0, &a);
	rule_timeline_settle(t, RULE_FOUND, &a, on_change, &seen);
	assert_int_equal(seen.n, 3);
	for (size_t i = 0; i < seen.n; i++)
		assert_int_equal(seen.rows[i].change.event, RULES_REFUSED);
	assert_int_equal(seen.rows[0].after.far.teid, 2);
	assert_memory_equal(known(t), &a, sizeof(a));
}

static struct gtp5g_rule pdr_of_ue(uint32_t precedence, uint32_t has)
{
	struct gtp5g_rule r;

	memset(&r, 0, sizeof(r));
	r.kind = GTP5G_RULE_PDR;
	r.id = 1;
	r.seid = SEID;
	r.has = GTP5G_HAS_ID | GTP5G_HAS_PRECEDENCE | has;
	r.pdr.precedence = precedence;
	r.pdr.source = has & GTP5G_HAS_SOURCE ? 1 : 0;
	return r;
}

/* The attributes of gtp5g's ADD_PDR: 3 number, 4 precedence, 5 {4 source interface}. */
struct pdr_attrs {
	uint16_t id_len, id_type;
	uint16_t id, pad;
	uint16_t precedence_len, precedence_type;
	uint32_t precedence;
	uint16_t pdi_len, pdi_type, source_len, source_type;
	uint8_t source, rest[3];
};

static void take_pdr(struct rule_timeline *t, uint32_t precedence)
{
	const struct pdr_attrs attrs = {.id_len = 6,
					.id_type = 3,
					.id = 1,
					.precedence_len = 8,
					.precedence_type = 4,
					.precedence = precedence,
					.pdi_len = 12,
					.pdi_type = 5 | 0x8000,
					.source_len = 5,
					.source_type = 4,
					.source = 1};
	struct event e = {.kind = KIND_RULE,
			  .rule.kind = RULE_PDR,
			  .rule.change = CHANGE_REPLACED,
			  .seid = SEID,
			  .pdr_id = 1,
			  .netns_inode = NETNS,
			  .rule.attrs = &attrs,
			  .rule.attrs_len = sizeof(attrs)};

	event_set(&e, F_PDR_ID);
	assert_true(rule_timeline_take(t, &e));
}

/* Also where the module was not asked, since another request followed: the request names the source interface, of
 * which the module never speaks. */
static void a_pdr_repeated_by_itself_is_no_change(void **state)
{
	const struct gtp5g_rule pdr = pdr_of_ue(255, 0), later = pdr_of_ue(128, 0);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&pdr);
	struct seen seen = {0};

	take_pdr(t, 255);
	take_pdr(t, 255);
	rule_timeline_settle(t, RULE_UNKNOWN, NULL, on_change, &seen);
	rule_timeline_settle(t, RULE_FOUND, &pdr, on_change, &seen);
	assert_int_equal(seen.n, 0);
	take_pdr(t, 128);
	take_pdr(t, 128);
	rule_timeline_settle(t, RULE_UNKNOWN, NULL, on_change, &seen);
	rule_timeline_settle(t, RULE_FOUND, &later, on_change, &seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.rows[0].after.pdr.precedence, 128);
}

static void a_far_repeated_by_itself_counts_on(void **state)
{
	const struct gtp5g_rule a = far_to(FORW, "10.0.0.1", 1), b = far_to(FORW, "10.0.0.2", 2);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&a);
	struct seen seen = {0};

	take(t, CHANGE_REPLACED, 100, 3, &a);
	rule_timeline_settle(t, RULE_FOUND, &a, on_change, &seen);
	assert_int_equal(seen.n, 0);
	take(t, CHANGE_REPLACED, 200, 8, &b);
	rule_timeline_settle(t, RULE_FOUND, &b, on_change, &seen);
	assert_int_equal(seen.rows[0].cause.buffered.packets, 8);
	assert_int_equal(seen.rows[0].cause.since_ns, 0);
}

/* What a request left known and what a scan reads differ in the source interface alone. */
static void a_scan_does_not_change_a_pdr_by_its_source(void **state)
{
	const struct gtp5g_rule pdr = pdr_of_ue(255, 0), later = pdr_of_ue(128, 0);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&pdr);
	struct rules *scan = rules_new(8);
	struct seen seen = {0};

	take_pdr(t, 128);
	rule_timeline_settle(t, RULE_UNKNOWN, NULL, on_change, &seen);
	assert_int_equal(seen.n, 1);
	rules_add(scan, NETNS, &later);
	rules_sort(scan);
	rule_timeline_scan_begins(t);
	rule_timeline_rescan(t, scan, on_change, &seen);
	assert_int_equal(seen.n, 1);
}

static void made_and_removed(void **state)
{
	const struct gtp5g_rule a = far_to(FORW, "10.0.0.1", 1);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(NULL);
	struct seen seen = {0};

	take(t, CHANGE_CREATED, 1, 0, &a);
	rule_timeline_settle(t, RULE_FOUND, &a, on_change, &seen);
	take(t, CHANGE_REMOVED, 2, 0, &a);
	rule_timeline_settle(t, RULE_GONE, NULL, on_change, &seen);
	take(t, CHANGE_REMOVED, 3, 0, &a);
	rule_timeline_settle(t, RULE_GONE, NULL, on_change, &seen);
	/* The module removes a rule that it cannot replace. */
	take(t, CHANGE_CREATED, 4, 0, &a);
	rule_timeline_settle(t, RULE_UNKNOWN, NULL, on_change, &seen);
	take(t, CHANGE_REPLACED, 5, 0, &a);
	rule_timeline_settle(t, RULE_GONE, NULL, on_change, &seen);
	assert_int_equal(seen.n, 5);
	assert_int_equal(seen.rows[0].change.event, RULES_CREATED);
	assert_int_equal(seen.rows[1].change.event, RULES_REMOVED);
	assert_memory_equal(&seen.rows[1].before, &a, sizeof(a));
	assert_int_equal(seen.rows[2].change.event, RULES_REFUSED);
	assert_int_equal(seen.rows[3].after.far.teid, 1); /* by the request alone */
	assert_int_equal(seen.rows[4].change.event, RULES_REMOVED);
	assert_null(known(t));
}

/* A scan that was under way is older than what was asked for meanwhile. */
static void a_scan_takes_nothing_back(void **state)
{
	const struct gtp5g_rule a = far_to(FORW, "10.0.0.1", 1), b = far_to(FORW, "10.0.0.2", 2);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&a);
	struct rules *scan = rules_new(8), *later = rules_new(8);
	struct seen seen = {0};

	rules_add(scan, NETNS, &a);
	rules_sort(scan);
	rules_sort(later);
	rule_timeline_scan_begins(t);
	take(t, CHANGE_REPLACED, 1, 0, &b);
	rule_timeline_settle(t, RULE_FOUND, &b, on_change, &seen);
	rule_timeline_rescan(t, scan, on_change, &seen);
	assert_int_equal(seen.n, 2);
	assert_memory_equal(known(t), &b, sizeof(b));
	rule_timeline_scan_begins(t);
	rule_timeline_rescan(t, later, on_change, &seen);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.rows[2].change.event, RULES_REMOVED);
	assert_null(seen.rows[2].change.cause);
}

static void requests_are_bounded(void **state)
{
	const struct gtp5g_rule a = far_to(FORW, "10.0.0.1", 1);
	_cleanup_(cleanup_timeline) struct rule_timeline *t = timeline_of(&a);
	const struct event packet = {.kind = KIND_EXIT},
			   nameless = {.kind = KIND_RULE, .rule.kind = RULE_FAR, .rule.change = CHANGE_CREATED};

	assert_false(rule_timeline_take(t, &packet));
	assert_true(rule_timeline_take(t, &nameless));
	assert_int_equal(rule_timeline_left_out(t), 1);
	for (int i = 0; i < 5000; i++)
		take(t, CHANGE_REPLACED, 1, 0, &a);
	assert_int_equal(rule_timeline_left_out(t), 5001 - 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handover_has_what_was_kept_meanwhile),
		cmocka_unit_test(a_paged_ue_resumes),
		cmocka_unit_test(an_end_marker_makes_a_new_teid_a_handover),
		cmocka_unit_test(an_idle_ue_that_moved_needs_no_end_marker),
		cmocka_unit_test(the_superseded_is_what_was_asked_for),
		cmocka_unit_test(an_end_marker_is_its_own_requests),
		cmocka_unit_test(what_changes_nothing_was_refused),
		cmocka_unit_test(a_pdr_repeated_by_itself_is_no_change),
		cmocka_unit_test(a_far_repeated_by_itself_counts_on),
		cmocka_unit_test(a_scan_does_not_change_a_pdr_by_its_source),
		cmocka_unit_test(made_and_removed),
		cmocka_unit_test(a_scan_takes_nothing_back),
		cmocka_unit_test(requests_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
