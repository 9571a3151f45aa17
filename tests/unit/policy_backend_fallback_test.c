/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend_fallback.h"
#include "clock.h"

struct fake {
	struct backend backend; /* first */
	struct backend_stats stats;
	size_t has; /* entries of the list it was given last */
	int withdraw_r;
	bool withdrawn, freed;
};

static int fake_set(struct backend *b, const struct strategy_list *list)
{
	((struct fake *)b)->has = list->len;
	return 0;
}

static void fake_withdraw(struct backend *b, uint64_t deadline_ns, backend_done_fn done, void *data)
{
	((struct fake *)b)->withdrawn = true;
	done(data, ((struct fake *)b)->withdraw_r);
}

static void fake_stats(const struct backend *b, struct backend_stats *ret)
{
	*ret = ((const struct fake *)b)->stats;
}

static void fake_free(struct backend *b)
{
	((struct fake *)b)->freed = true;
}

static const struct backend_ops fake_ops = {"fake", fake_set, fake_withdraw, fake_stats, fake_free};

struct pair {
	struct fake primary, fallback;
	struct backend *both;
	struct strategy item;
	struct strategy_list list;
	uint64_t now_ns;
};

static void begin(struct pair *p)
{
	*p = (struct pair){.primary.backend.ops = &fake_ops,
			   .fallback.backend.ops = &fake_ops,
			   .item = {.pid = 1, .execution_time_ns = 1},
			   .now_ns = 100 * NSEC_PER_SEC};
	p->list = (struct strategy_list){.items = &p->item, .len = 1};
	assert_int_equal(fallback_start(&p->both, &p->primary.backend, &p->fallback.backend), 0);
}

static void primary_succeeds(struct pair *p, uint64_t later_ns)
{
	p->now_ns += later_ns;
	p->primary.stats.working = true;
	p->primary.stats.last_success_ns = p->now_ns;
}

static void primary_fails(struct pair *p)
{
	p->primary.stats.working = false;
	p->primary.stats.errors++;
	p->primary.stats.last_error_ns = p->now_ns;
}

static void expect_list_at(struct pair *p, const struct fake *owner)
{
	assert_int_equal(p->both->ops->set(p->both, &p->list), 0);
	assert_int_equal(p->primary.has, owner == &p->primary);
	assert_int_equal(p->fallback.has, owner == &p->fallback);
}

static void the_primary_has_the_list_until_it_fails(void **state)
{
	struct backend_stats stats;
	struct pair p;

	begin(&p);
	p.fallback.stats.entries = 7;
	expect_list_at(&p, &p.primary);
	primary_succeeds(&p, NSEC_PER_SEC);
	expect_list_at(&p, &p.primary);
	primary_fails(&p);
	expect_list_at(&p, &p.fallback);
	p.both->ops->stats(p.both, &stats);
	assert_int_equal(stats.entries, 7);
	p.both->ops->free(p.both);
	assert_true(p.primary.freed && p.fallback.freed);
}

static void it_gets_the_list_back_after_successes_in_a_row(void **state)
{
	struct pair p;

	begin(&p);
	primary_succeeds(&p, 0);
	primary_fails(&p);
	expect_list_at(&p, &p.fallback);
	for (int i = 1; i < FALLBACK_SUCCESSES; i++) {
		primary_succeeds(&p, 10 * NSEC_PER_SEC);
		/* However often the list is set. */
		for (int k = 0; k < 10; k++)
			expect_list_at(&p, &p.fallback);
	}
	primary_succeeds(&p, 10 * NSEC_PER_SEC);
	expect_list_at(&p, &p.primary);
	p.both->ops->free(p.both);
}

static unsigned successes_until_it_has_the_list(struct pair *p)
{
	for (unsigned n = 1; n < 1000; n++) {
		primary_succeeds(p, 10 * NSEC_PER_SEC);
		assert_int_equal(p->both->ops->set(p->both, &p->list), 0);
		if (p->primary.has)
			return n;
	}
	return 0;
}

static void a_primary_that_fails_soon_after_its_return_must_prove_itself_longer(void **state)
{
	static const unsigned needed[] = {3, 6, 12, 24, 48, 48};
	struct pair p;

	begin(&p);
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		primary_fails(&p);
		expect_list_at(&p, &p.fallback);
		assert_int_equal(successes_until_it_has_the_list(&p), needed[i]);
	}
	/* Ten quiet minutes make a failure one of its own. */
	for (int i = 0; i < 61; i++) {
		primary_succeeds(&p, 10 * NSEC_PER_SEC);
		expect_list_at(&p, &p.primary);
	}
	primary_fails(&p);
	expect_list_at(&p, &p.fallback);
	assert_int_equal(successes_until_it_has_the_list(&p), 3);
	p.both->ops->free(p.both);
}

/* One exchange may be two requests. */
static void successes_at_one_time_count_once(void **state)
{
	struct pair p;

	begin(&p);
	primary_fails(&p);
	expect_list_at(&p, &p.fallback);
	primary_succeeds(&p, 0);
	for (int i = 0; i < 9; i++) {
		expect_list_at(&p, &p.fallback);
		primary_succeeds(&p, NSEC_PER_SEC / 10);
	}
	p.both->ops->free(p.both);
}

static void a_primary_that_fails_every_other_time_gets_no_list(void **state)
{
	struct pair p;

	begin(&p);
	primary_fails(&p);
	for (int i = 0; i < 50; i++) {
		expect_list_at(&p, &p.fallback);
		primary_succeeds(&p, 10 * NSEC_PER_SEC);
		expect_list_at(&p, &p.fallback);
		primary_succeeds(&p, 10 * NSEC_PER_SEC);
		expect_list_at(&p, &p.fallback);
		primary_fails(&p);
	}
	p.both->ops->free(p.both);
}

static void a_failure_between_two_looks_ends_the_row(void **state)
{
	struct pair p;

	begin(&p);
	primary_fails(&p);
	expect_list_at(&p, &p.fallback);
	for (int i = 0; i < 20; i++) {
		primary_fails(&p);
		primary_succeeds(&p, 10 * NSEC_PER_SEC);
		expect_list_at(&p, &p.fallback);
	}
	for (int i = 1; i <= FALLBACK_SUCCESSES; i++) {
		expect_list_at(&p, &p.fallback);
		primary_succeeds(&p, 10 * NSEC_PER_SEC);
	}
	expect_list_at(&p, &p.primary);
	p.both->ops->free(p.both);
}

static void on_done(void *data, int r)
{
	((int *)data)[0]++;
	((int *)data)[1] = r;
}

static void both_are_withdrawn(void **state)
{
	static const int results[][3] = {{0, 0, 0}, {-ETIMEDOUT, 0, -ETIMEDOUT}, {0, -EPERM, -EPERM}};

	for (size_t i = 0; i < 3; i++) {
		int done[2] = {0};
		struct pair p;

		begin(&p);
		p.primary.withdraw_r = results[i][0];
		p.fallback.withdraw_r = results[i][1];
		p.both->ops->withdraw(p.both, 1, on_done, done);
		assert_true(p.primary.withdrawn && p.fallback.withdrawn);
		assert_int_equal(done[0], 1);
		assert_int_equal(done[1], results[i][2]);
		p.both->ops->free(p.both);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_primary_has_the_list_until_it_fails),
		cmocka_unit_test(it_gets_the_list_back_after_successes_in_a_row),
		cmocka_unit_test(a_primary_that_fails_soon_after_its_return_must_prove_itself_longer),
		cmocka_unit_test(successes_at_one_time_count_once),
		cmocka_unit_test(a_primary_that_fails_every_other_time_gets_no_list),
		cmocka_unit_test(a_failure_between_two_looks_ends_the_row),
		cmocka_unit_test(both_are_withdrawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
