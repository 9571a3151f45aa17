/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend_fallback.h"

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
	struct fake first, second;
	struct backend *both;
	struct strategy item;
	struct strategy_list list;
};

static void begin(struct pair *p)
{
	*p = (struct pair){.first.backend.ops = &fake_ops, .second.backend.ops = &fake_ops,
			   .item = {.pid = 1, .execution_time_ns = 1}};
	p->list = (struct strategy_list){.items = &p->item, .len = 1};
	assert_int_equal(auto_start(&p->both, &p->first.backend, &p->second.backend), 0);
}

static void give(struct pair *p)
{
	assert_int_equal(p->both->ops->set(p->both, &p->list), 0);
	/* Whoever works is the only one with the list. */
	if (p->first.stats.working)
		assert_int_equal(p->second.has, 0);
}

static void one_at_a_time(void **state)
{
	struct backend_stats stats;
	struct pair p;

	begin(&p);
	p.second.stats.entries = 7;
	give(&p);
	assert_int_equal(p.first.has, 1);
	assert_int_equal(p.second.has, 0);
	p.first.stats.errors = 1;
	give(&p);
	assert_int_equal(p.second.has, 1);
	p.both->ops->stats(p.both, &stats);
	assert_int_equal(stats.entries, 7);
	p.first.stats.working = true;
	give(&p);
	assert_int_equal(p.second.has, 0);
	p.first.stats.working = false;
	give(&p);
	assert_int_equal(p.second.has, 1);
	p.both->ops->free(p.both);
	assert_true(p.first.freed && p.second.freed);
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
		p.first.withdraw_r = results[i][0];
		p.second.withdraw_r = results[i][1];
		p.both->ops->withdraw(p.both, 1, on_done, done);
		assert_true(p.first.withdrawn && p.second.withdrawn);
		assert_int_equal(done[0], 1);
		assert_int_equal(done[1], results[i][2]);
		p.both->ops->free(p.both);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(both_are_withdrawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
