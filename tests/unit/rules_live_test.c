/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An answer of the module about a rule is used only once everything is read that it may know of, however many turns
 * of the loop that takes in a flood; a second reading of all rules likewise. The module is played (--wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "gtp5g.h"
#include "ns.h"
#include "rules_live.h"

static unsigned asked;

int __wrap_genl_family(const char *name, uint16_t *ret, struct err *err);
int __wrap_gtp5g_rule_get(uint16_t family, unsigned ifindex, struct gtp5g_rule *rule, struct err *err);

int __wrap_genl_family(const char *name, uint16_t *ret, struct err *err)
{
	*ret = 1;
	return 0;
}

int __wrap_gtp5g_rule_get(uint16_t family, unsigned ifindex, struct gtp5g_rule *rule, struct err *err)
{
	asked++;
	return 0;
}

int __wrap_rules_scan(const char *netns, const struct rules *before, struct rules **ret, struct err *err);

/* FAR 8 has come, without a request that was seen. */
int __wrap_rules_scan(const char *netns, const struct rules *before, struct rules **ret, struct err *err)
{
	const struct gtp5g_rule far = {.kind = GTP5G_RULE_FAR, .seid = 1, .id = 8};

	*ret = rules_new(4);
	return rules_put(*ret, ns_inode_self(), &far);
}

struct scene {
	struct rules_live *live;
	bool all;	   /* whether a batch empties the ring */
	uint64_t event_ns; /* else it ends with an event of that time */
	unsigned told;
};

static struct event rule_event(uint64_t ts_ns)
{
	struct event e = {.kind = KIND_RULE,
			  .rule.kind = RULE_FAR,
			  .rule.change = CHANGE_CREATED,
			  .seid = 1,
			  .far_id = 7,
			  .netns_inode = ns_inode_self(),
			  .ts_ns = ts_ns};

	event_set(&e, F_RULE);
	event_set(&e, F_FAR_ID);
	return e;
}

/* What the pipeline does: until when every event has been taken. */
static uint64_t read_batch(struct scene *s)
{
	const struct event packet = {.kind = KIND_EXIT, .ts_ns = s->event_ns};

	if (s->all)
		return clock_boot_ns();
	rules_live_take(s->live, &packet);
	return 0;
}

static void on_change(const struct rules_change *change, void *data)
{
	struct scene *s = data;

	assert_int_equal(change->event, RULES_CREATED);
	s->told++;
}

static bool settle(struct scene *s)
{
	return rules_live_settle(s->live, read_batch(s), on_change, s);
}

static struct scene begin(void)
{
	struct scene s = {0};
	struct event e = rule_event(clock_boot_ns());

	asked = 0;
	assert_int_equal(rules_live_of(&s.live, NULL, rules_new(1), NULL), 0);
	assert_true(rules_live_take(s.live, &e));
	return s;
}

static void an_empty_ring_makes_the_answer_good(void **state)
{
	struct scene s = begin();

	s.all = true;
	assert_false(settle(&s)); /* the answer came after the batch */
	assert_int_equal(s.told, 0);
	assert_true(settle(&s));
	assert_int_equal(s.told, 1);
	assert_int_equal(asked, 1);
	rules_live_free(s.live);
}

static void in_a_flood_a_later_event_makes_it_good(void **state)
{
	struct scene s = begin();

	s.event_ns = clock_boot_ns();
	for (int turn = 0; turn < 5; turn++) {
		assert_false(settle(&s));
		assert_int_equal(s.told, 0);
	}
	s.event_ns = clock_boot_ns() + NSEC_PER_SEC;
	assert_true(settle(&s));
	assert_int_equal(s.told, 1);
	assert_int_equal(asked, 1);
	rules_live_free(s.live);
}

static void a_second_reading_waits_for_the_batch_behind_it(void **state)
{
	struct scene s = {0};

	assert_int_equal(rules_live_of(&s.live, NULL, rules_new(4), NULL), 0);
	assert_int_equal(rules_live_scan(s.live, NULL), 0);
	assert_false(settle(&s));
	assert_int_equal(s.told, 0);
	s.all = true;
	assert_true(settle(&s));
	assert_int_equal(s.told, 1);
	rules_live_free(s.live);
}

static void a_second_reading_waits_for_the_requests_before_it(void **state)
{
	struct scene s = begin();

	s.all = true;
	assert_int_equal(rules_live_scan(s.live, NULL), 0);
	assert_false(settle(&s));
	assert_int_equal(s.told, 0);
	assert_true(settle(&s));
	assert_int_equal(s.told, 2);
	/* What the request made is newer than the reading. */
	assert_non_null(rules_find(rules_live_rules(s.live), ns_inode_self(), GTP5G_RULE_FAR, 1, 7));
	rules_live_free(s.live);
}

static void many_requests_take_turns(void **state)
{
	enum { REQUESTS = 4000 };
	struct scene s = begin();
	unsigned turns = 1;

	s.all = true;
	for (uint32_t i = 1; i < REQUESTS; i++) {
		struct event e = rule_event(clock_boot_ns());

		e.far_id = 7 + i;
		assert_true(rules_live_take(s.live, &e));
	}
	while (!settle(&s))
		turns++;
	assert_int_equal(s.told, REQUESTS);
	assert_int_equal(asked, REQUESTS);
	assert_true(turns <= REQUESTS + 1);
	rules_live_free(s.live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_ring_makes_the_answer_good),
		cmocka_unit_test(in_a_flood_a_later_event_makes_it_good),
		cmocka_unit_test(a_second_reading_waits_for_the_batch_behind_it),
		cmocka_unit_test(a_second_reading_waits_for_the_requests_before_it),
		cmocka_unit_test(many_requests_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
