/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "rules.h"

#define NETNS 4026531840u
#define SEID 0x1001

DEFINE_CLEANUP(struct rules *, rules, rules_free)

static struct gtp5g_rule far_to(const char *peer, uint32_t teid)
{
	struct gtp5g_rule r;

	memset(&r, 0, sizeof(r));
	r.kind = GTP5G_RULE_FAR;
	r.id = 2;
	r.seid = SEID;
	r.has = GTP5G_HAS_ID | GTP5G_HAS_ACTION;
	r.far.action = 2;
	if (!peer)
		return r;
	r.has |= GTP5G_HAS_TEID | GTP5G_HAS_PEER;
	r.far.teid = teid;
	r.far.peer = addr_from_v4(inet_addr(peer));
	return r;
}

static struct gtp5g_rule pdr_of(uint32_t id, uint32_t far_id, uint32_t has)
{
	struct gtp5g_rule r;

	memset(&r, 0, sizeof(r));
	r.kind = GTP5G_RULE_PDR;
	r.id = id;
	r.seid = SEID;
	r.has = GTP5G_HAS_ID | GTP5G_HAS_FAR_ID | has;
	r.pdr.far_id = far_id;
	return r;
}

struct seen {
	struct rules_change changes[8];
	unsigned n;
};

static void on_change(const struct rules_change *change, void *data)
{
	struct seen *seen = data;

	assert_true(seen->n < ARRAY_SIZE(seen->changes));
	seen->changes[seen->n++] = *change;
}

static struct rules *table(size_t max, unsigned n, const struct gtp5g_rule *rules)
{
	struct rules *t = rules_new(max);

	assert_non_null(t);
	for (unsigned i = 0; i < n; i++)
		rules_add(t, NETNS, &rules[i]);
	rules_sort(t);
	return t;
}

static void test_join(void **state)
{
	const struct gtp5g_rule rules[] = {far_to("10.0.0.1", 1), pdr_of(9, 2, GTP5G_HAS_UE), pdr_of(1, 2, 0),
					   pdr_of(3, 4, GTP5G_HAS_UE)};
	_cleanup_(cleanup_rules) struct rules *t = table(16, 4, rules);
	const struct rules_item *first = rules_first(t, NETNS, GTP5G_RULE_PDR);

	assert_int_equal(rules_get(first)->id, 1);
	assert_int_equal(rules_get(rules_next(t, first))->id, 3);
	assert_null(rules_first(t, NETNS, GTP5G_RULE_QER));
	assert_null(rules_first(t, NETNS + 1, GTP5G_RULE_PDR));
	assert_int_equal(rules_find(t, NETNS, GTP5G_RULE_FAR, SEID, 2)->far.teid, 1);
	assert_null(rules_find(t, NETNS, GTP5G_RULE_FAR, SEID + 1, 2));
	assert_int_equal(rules_pdr_of_far(t, NETNS, &rules[0])->id, 9);
}

static void test_direction(void **state)
{
	const struct gtp5g_rule tunnel = far_to("10.0.0.1", 1), plain = far_to(NULL, 0);
	struct gtp5g_rule up = pdr_of(1, 1, GTP5G_HAS_UE | GTP5G_HAS_TEID);
	struct gtp5g_rule down = pdr_of(2, 2, GTP5G_HAS_UE);

	assert_int_equal(rules_direction(&up, &plain), RULES_UPLINK);
	assert_int_equal(rules_direction(&up, &tunnel), RULES_UNKNOWN);
	assert_int_equal(rules_direction(&up, NULL), RULES_UNKNOWN);
	assert_int_equal(rules_direction(&down, &tunnel), RULES_DOWNLINK);
	up.has |= GTP5G_HAS_SOURCE;
	up.pdr.source = 1;
	assert_int_equal(rules_direction(&up, &plain), RULES_DOWNLINK);
}

static void test_handover(void **state)
{
	const struct gtp5g_rule old = far_to("10.0.0.1", 1), other = far_to("10.0.0.2", 1),
				path = far_to("10.0.0.1", 2);
	_cleanup_(cleanup_rules) struct rules *a = table(16, 1, &old), *b = table(16, 1, &other);
	_cleanup_(cleanup_rules) struct rules *c = table(16, 1, &path);
	struct seen seen = {0};

	rules_diff(a, a, on_change, &seen);
	assert_int_equal(seen.n, 0);
	rules_diff(a, b, on_change, &seen);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.changes[0].event, RULES_CHANGED);
	assert_int_equal(seen.changes[1].event, RULES_HANDOVER);
	rules_diff(a, c, on_change, &seen); /* a gNB that was restarted */
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.changes[2].event, RULES_CHANGED);
	assert_int_equal(seen.changes[2].before->far.teid, 1);
	assert_int_equal(seen.changes[2].after->far.teid, 2);
}

static struct gtp5g_rule far_acting(uint16_t action, const char *peer, uint32_t teid)
{
	struct gtp5g_rule r = far_to(peer, teid);

	r.far.action = action;
	return r;
}

static void test_beside(void **state)
{
	enum { FORW = 2, BUFF = 4, IDLE = 12 };
	const struct gtp5g_rule a = far_acting(FORW, "10.0.0.1", 1), idle = far_acting(IDLE, "10.0.0.1", 1),
				kept = far_acting(BUFF, "10.0.0.1", 1), new_teid = far_acting(FORW, "10.0.0.1", 3),
				other = far_acting(FORW, "10.0.0.2", 3), nowhere = far_acting(BUFF, NULL, 0);

	assert_int_equal(rules_beside(&idle, &new_teid, false), RULES_RESUMED);
	assert_int_equal(rules_beside(&idle, &a, false), RULES_RESUMED);
	assert_int_equal(rules_beside(&kept, &new_teid, false), RULES_RESUMED);
	assert_int_equal(rules_beside(&idle, &kept, false), RULES_CHANGED);
	assert_int_equal(rules_beside(&a, &idle, false), RULES_CHANGED);
	assert_int_equal(rules_beside(&a, &new_teid, false), RULES_CHANGED);
	assert_int_equal(rules_beside(&a, &new_teid, true), RULES_HANDOVER);
	assert_int_equal(rules_beside(&a, &a, true), RULES_CHANGED);
	assert_int_equal(rules_beside(&kept, &other, false), RULES_HANDOVER);
	assert_int_equal(rules_beside(&idle, &other, false), RULES_HANDOVER);
	assert_int_equal(rules_beside(&nowhere, &a, false), RULES_CHANGED); /* a session's first tunnel */
}

static void test_changes(void **state)
{
	struct gtp5g_rule old[] = {far_to(NULL, 0), pdr_of(1, 2, 0)};
	struct gtp5g_rule new[] = {far_to("10.0.0.1", 7), pdr_of(5, 2, 0)};
	_cleanup_(cleanup_rules) struct rules *a = table(16, 2, old), *b = table(16, 2, new);
	struct seen seen = {0};

	rules_diff(a, b, on_change, &seen);
	assert_int_equal(seen.n, 3); /* the first tunnel of a FAR is no handover */
	assert_int_equal(seen.changes[0].event, RULES_REMOVED);
	assert_int_equal(seen.changes[0].before->id, 1);
	assert_null(seen.changes[0].after);
	assert_int_equal(seen.changes[1].event, RULES_CREATED);
	assert_int_equal(seen.changes[1].after->id, 5);
	assert_int_equal(seen.changes[2].event, RULES_CHANGED);
}

static void test_bounds(void **state)
{
	const struct gtp5g_rule rules[] = {pdr_of(1, 2, 0), pdr_of(2, 2, 0), pdr_of(3, 2, 0)};
	_cleanup_(cleanup_rules) struct rules *all = table(3, 3, rules), *few = table(2, 3, rules);
	struct seen seen = {0};

	assert_int_equal(rules_left_out(few), 1);
	assert_null(rules_find(few, NETNS, GTP5G_RULE_PDR, SEID, 3));
	rules_diff(all, few, on_change, &seen);
	rules_diff(few, all, on_change, &seen);
	assert_int_equal(seen.n, 0); /* left out is not removed */
}

static void test_malformed(void **state)
{
	const struct gtp5g_rule rule = pdr_of(1, 2, 0);
	const struct rules_place place = {.netns = NETNS, .malformed = 1};
	_cleanup_(cleanup_rules) struct rules *a = table(3, 1, &rule), *b = rules_new(3);
	struct seen seen = {0};

	assert_int_equal(rules_add_place(b, &place), 0);
	rules_sort(b);
	rules_diff(a, b, on_change, &seen);
	assert_int_equal(seen.n, 0); /* not understood is not removed */
}

static void test_twice(void **state)
{
	const struct gtp5g_rule rules[] = {far_to("10.0.0.1", 1), far_to("10.0.0.1", 1), far_to("10.0.0.2", 1)};
	_cleanup_(cleanup_rules) struct rules *same = table(8, 2, rules), *other = table(8, 3, rules);
	const struct rules_item *first = rules_first(same, NETNS, GTP5G_RULE_FAR);

	assert_null(rules_next(same, first));
	assert_int_equal(rules_ambiguous(same), 0);
	assert_int_equal(rules_ambiguous(other), 1);
}

static void test_keep(void **state)
{
	const struct gtp5g_rule rule = pdr_of(1, 2, 0);
	const struct rules_place place = {.netns = NETNS, .name = "upf"};
	_cleanup_(cleanup_rules) struct rules *a = table(3, 1, &rule), *b = rules_new(3);
	struct seen seen = {0};

	assert_int_equal(rules_add_place(a, &place), 0);
	assert_int_equal(rules_keep(b, a, NETNS), 0);
	rules_sort(b);
	assert_string_equal(rules_place_of(b, NETNS)->name, "upf");
	rules_diff(a, b, on_change, &seen);
	assert_int_equal(seen.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),	cmocka_unit_test(test_direction), cmocka_unit_test(test_handover),
		cmocka_unit_test(test_changes), cmocka_unit_test(test_bounds),	  cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_twice),	cmocka_unit_test(test_keep),	  cmocka_unit_test(test_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
