/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fake_threads.h"

static void boosted_and_put_back(void **state)
{
	struct bench *b = *state;

	begin(b);
	GIVE(b, 100, 101);
	expect(b, 100, boosted());
	expect(b, 101, boosted());
	expect(b, 200, other(0));
	assert_int_equal(b->report.boosted, 2);
	GIVE(b, 100, 101);
	assert_int_equal(b->reports, 1);
	GIVE(b, 101, 200);
	expect(b, 100, other(0));
	expect(b, 200, boosted());
	assert_int_equal(b->report.put_back, 1);
	assert_true(has_record(b));
	assert_int_equal(withdraw(b), 0);
	expect(b, 101, other(5));
	expect(b, 200, other(0));
	assert_false(has_record(b));
}

static void real_time_where_asked_for(void **state)
{
	struct bench *b = *state;

	b->options.policy = LOCAL_RR;
	begin(b);
	GIVE(b, 101);
	expect(b, 101, (struct thread_sched){.policy = SCHED_RR, .rt_priority = 1, .reset_on_fork = true});
	assert_int_equal(withdraw(b), 0);
	expect(b, 101, other(5));
}

static void a_kernel_without_slices(void **state)
{
	struct bench *b = *state;
	struct thread_sched want = boosted(), before;

	b->fake->slices = false;
	for (size_t i = 0; i < THREADS; i++)
		b->fake->threads[i].sched.slice_ns = 0;
	before = now(b, 100);
	begin(b);
	GIVE(b, 100);
	want.slice_ns = 0;
	expect(b, 100, want);
	assert_int_equal(withdraw(b), 0);
	expect(b, 100, before);
}

static void the_literal_slice(void **state)
{
	struct bench *b = *state;
	struct thread_sched want = boosted();

	b->options.literal_slice = true;
	begin(b);
	GIVE(b, 100);
	want.slice_ns = 20 * MS;
	expect(b, 100, want);
}

static void better_ones_are_left_alone(void **state)
{
	struct bench *b = *state;
	const struct thread_sched fifo = {.policy = SCHED_FIFO, .rt_priority = 9};

	b->options.slice_ns = 0;
	b->fake->threads[1].sched = fifo;
	b->fake->threads[2].sched = other(-15);
	begin(b);
	GIVE(b, 100, 101);
	expect(b, 100, fifo);
	expect(b, 101, other(-15));
	assert_int_equal(b->report.enough, 2);
	assert_false(has_record(b));
}

static void a_foreign_change_is_respected(void **state)
{
	struct bench *b = *state;

	begin(b);
	GIVE(b, 100, 101);
	b->fake->threads[1].sched = other(3);
	GIVE(b, 100, 101);
	assert_int_equal(b->report.foreign, 1);
	assert_int_equal(b->report.foreign_tid, 100);
	GIVE(b, 100, 101);
	assert_int_equal(b->reports, 2);
	expect(b, 100, other(3));
	assert_int_equal(withdraw(b), 0);
	expect(b, 100, other(3));
	expect(b, 101, other(5));
}

static void another_thread_of_the_same_number(void **state)
{
	struct bench *b = *state;

	begin(b);
	GIVE(b, 100, 101);
	add_thread(b, 1, 100, 99, 0);
	b->fake->threads[1].sched = boosted();
	b->fake->threads[2].tid = 0;
	assert_int_equal(withdraw(b), 0);
	expect(b, 100, boosted());
	assert_false(has_record(b));
}

/* Between the look at its start time and the boost. */
static void a_number_that_is_reused_meanwhile(void **state)
{
	struct bench *b = *state;

	begin(b);
	b->fake->reused = 100;
	GIVE(b, 100, 101);
	expect(b, 100, other(0));
	expect(b, 101, boosted());
	assert_int_equal(b->report.boosted, 1);
	assert_int_equal(withdraw(b), 0);
	assert_false(has_record(b));
}

static void not_whom_the_strategy_means(void **state)
{
	struct bench *b = *state;
	struct strategy_list list = {0};

	begin(b);
	strategy_list_add(
		&list,
		(struct strategy){.pid = 100, .priority = true, .tgid = 100, .execution_time_ns = MS, .start_time = 9});
	assert_int_equal(b->backend->ops->set(b->backend, &list), 0);
	expect(b, 100, other(0));
	strategy_list_free(&list);
}

/* Linux gives a child of a boosted thread nice 0, where it would have inherited 5. */
static void a_thread_born_under_a_boost(void **state)
{
	struct bench *b = *state;
	const long hz = sysconf(_SC_CLK_TCK);

	b->fake->threads[1].sched = other(5);
	begin(b);
	GIVE(b, 100);
	add_thread(b, 4, 102, (uint64_t)(2 * hz), 0);
	add_thread(b, 5, 103, (uint64_t)(hz / 2), 0);
	GIVE(b, 100, 102, 103);
	expect(b, 102, boosted());
	assert_int_equal(withdraw(b), 0);
	expect(b, 102, other(5));
	expect(b, 103, other(0));
}

static void limits_and_refusals_are_counted(void **state)
{
	struct bench *b = *state;
	struct backend_stats stats;

	b->options.max_threads = 2;
	b->fake->threads[1].refuses = -EPERM;
	begin(b);
	GIVE(b, 100, 101, 200);
	assert_int_equal(b->report.left_out, 1);
	assert_int_equal(b->report.failed, 1);
	assert_non_null(strstr(b->report.error, "thread 100"));
	assert_non_null(strstr(b->report.error, "CAP_SYS_NICE"));
	b->backend->ops->stats(b->backend, &stats);
	assert_false(stats.working);
	assert_int_equal(stats.entries, 1);
	assert_string_equal(stats.last_error, b->report.error);
	b->fake->threads[1].refuses = 0;
	GIVE(b, 100, 101);
	expect(b, 100, boosted());
	b->backend->ops->stats(b->backend, &stats);
	assert_true(stats.working);
	assert_int_equal(stats.entries, 2);
}

static void none_beside_a_sched_ext_scheduler(void **state)
{
	struct bench *b = *state;

	begin(b);
	GIVE(b, 100);
	b->fake->ext = true;
	GIVE(b, 100);
	expect(b, 100, other(0));
	assert_true(b->report.ext);
	b->fake->ext = false;
	GIVE(b, 100);
	expect(b, 100, boosted());
	end(b);
	b->options.force = b->fake->ext = true;
	begin(b);
	GIVE(b, 100);
	expect(b, 100, boosted());
}

int main(void)
{
#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		BENCH_TEST(boosted_and_put_back),
		BENCH_TEST(real_time_where_asked_for),
		BENCH_TEST(a_kernel_without_slices),
		BENCH_TEST(the_literal_slice),
		BENCH_TEST(better_ones_are_left_alone),
		BENCH_TEST(a_foreign_change_is_respected),
		BENCH_TEST(another_thread_of_the_same_number),
		BENCH_TEST(a_number_that_is_reused_meanwhile),
		BENCH_TEST(not_whom_the_strategy_means),
		BENCH_TEST(a_thread_born_under_a_boost),
		BENCH_TEST(limits_and_refusals_are_counted),
		BENCH_TEST(none_beside_a_sched_ext_scheduler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
