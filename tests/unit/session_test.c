/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A session with a probe that is played: how it ends, and how the pipeline reads a ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "clock.h"
#include "identity.h"
#include "session.h"

#define BATCH 1024

/* Its ring holds that many records, and is readable while it does. */
struct probe_run {
	int fd;
	size_t left;
	bool detached;
};

static struct probe_run ring;

static int start_played(struct probe_run **ret, const struct probe_env *env, struct err *err)
{
	ring.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	ring.detached = false;
	*ret = &ring;
	return 0;
}

static int fd_of_ring(const struct probe_run *run)
{
	return run->fd;
}

static int drain_played(struct probe_run *run, size_t max, event_fn emit, void *data)
{
	const struct event e = {.kind = KIND_EXIT};
	size_t n = MIN(max, run->left);

	for (size_t i = 0; i < n; i++)
		emit(data, &e);
	run->left -= n;
	return (int)n;
}

static int collect_played(struct probe_run *run, event_fn emit, void *data)
{
	return 0;
}

static void plan_played(struct probe_run *run, plan_fn fn, void *data)
{
}

static int detach_played(struct probe_run *run, struct err *err)
{
	run->detached = true;
	return 0;
}

static void stop_played(struct probe_run *run)
{
	close(run->fd);
}

static const struct config_option no_options[] = {{0}};
static const struct probe played = {.name = "played",
				    .options = no_options,
				    .start = start_played,
				    .ring_fd = fd_of_ring,
				    .drain = drain_played,
				    .collect = collect_played,
				    .plan = plan_played,
				    .detach = detach_played,
				    .stop = stop_played};
const struct probe *const probes[] = {&played, NULL};

static const struct option_section played_section = {"probes.played", "", no_options, 1};
static const struct option_section *const sections[] = {&containers_section, &played_section};

struct scene {
	struct session session;
	struct config *config;
	size_t events, batches;
	size_t wanted;	      /* batches that are asked for */
	uint64_t complete_ns; /* at the last one */
	bool ended;	      /* the last event came without hooks */
};

static void count_event(void *data, const struct event *e)
{
	struct scene *s = data;

	s->events++;
	s->ended = ring.detached;
}

static bool end_batch(void *data, uint64_t complete_ns)
{
	struct scene *s = data;

	assert_true(complete_ns >= s->complete_ns);
	s->complete_ns = complete_ns;
	return ++s->batches < s->wanted;
}

static void begin(struct scene *s, size_t records)
{
	static char *name[] = {"played", NULL};
	const struct string_list names = {name, 1};

	assert_int_equal(config_load(&s->config, sections, ARRAY_SIZE(sections), NULL, NULL), 0);
	const struct pipeline_options options = {.config = s->config,
						 .probes = &names,
						 .collect_interval_ns = 3600 * NSEC_PER_SEC,
						 .on_event = count_event,
						 .on_row = count_event,
						 .on_drained = end_batch,
						 .data = s};

	ring.left = records;
	assert_int_equal(session_open(&s->session, &(struct session_options){0}, NULL), 0);
	assert_int_equal(session_start(&s->session, &options, NULL), 0);
}

static void finish(struct scene *s)
{
	session_close(&s->session);
	config_free(s->config);
}

static void a_batch_that_empties_the_ring_tells_until_when(void **state)
{
	struct scene s = {0};
	uint64_t before = clock_boot_ns();

	begin(&s, BATCH - 1);
	assert_int_equal(loop_once(s.session.loop, 1000), 0);
	assert_int_equal(s.events, BATCH - 1);
	assert_int_equal(s.batches, 1);
	assert_in_range(s.complete_ns, before, clock_boot_ns());
	finish(&s);
}

static void another_batch_comes_in_the_same_turn(void **state)
{
	struct scene s = {.wanted = 3};

	begin(&s, 1);
	assert_int_equal(loop_once(s.session.loop, 1000), 0);
	assert_int_equal(s.batches, 3);
	finish(&s);
}

static void a_reader_that_is_never_content_leaves_the_loop_its_turn(void **state)
{
	struct scene s = {.wanted = SIZE_MAX};

	begin(&s, 1);
	assert_int_equal(loop_once(s.session.loop, 1000), 0);
	assert_true(s.batches > 1);
	finish(&s);
}

static void in_a_flood_a_turn_is_one_batch(void **state)
{
	struct scene s = {.wanted = SIZE_MAX};

	begin(&s, 2 * BATCH + 1);
	for (size_t turn = 1; turn <= 2; turn++) {
		assert_int_equal(loop_once(s.session.loop, 1000), 0);
		assert_int_equal(s.events, turn * BATCH);
		assert_int_equal(s.batches, turn);
		assert_int_equal(s.complete_ns, 0);
	}
	assert_int_equal(loop_once(s.session.loop, 1000), 0);
	assert_int_equal(s.events, 2 * BATCH + 1);
	assert_true(s.complete_ns > 0);
	finish(&s);
}

static void the_end_hands_on_all_that_the_hooks_left(void **state)
{
	struct scene s = {0};

	begin(&s, 3 * BATCH);
	assert_int_equal(session_finish(&s.session, NULL), 0);
	assert_int_equal(s.events, 3 * BATCH);
	assert_true(s.ended);
	assert_true(s.complete_ns > 0);
	finish(&s);
}

static void a_signal_of_the_start_ends_the_run(void **state)
{
	struct scene s = {0};

	begin(&s, 0);
	kill(getpid(), SIGTERM);
	assert_int_equal(session_run(&s.session, NULL), 0);
	finish(&s);
}

static void count_signal(void *data)
{
	struct scene *s = data;

	if (++s->batches == 2)
		session_stop(&s->session, -EINTR);
	else
		kill(getpid(), SIGINT);
}

static void the_verb_may_wait_for_a_second_signal(void **state)
{
	struct scene s = {0};
	const struct session_options options = {.on_end_signal = count_signal, .data = &s};

	assert_int_equal(session_open(&s.session, &options, NULL), 0);
	kill(getpid(), SIGTERM);
	assert_int_equal(session_run(&s.session, NULL), -EINTR);
	session_close(&s.session);
}

static void a_duration_ends_it(void **state)
{
	struct session session;

	assert_int_equal(session_open(&session, &(struct session_options){.duration_ns = 1}, NULL), 0);
	session_ready(&session);
	assert_int_equal(session_run(&session, NULL), 0);
	session_close(&session);
}

/* Hooks may take longer to come on than the whole duration. */
static void the_start_is_no_part_of_the_duration(void **state)
{
	struct session session;

	assert_int_equal(session_open(&session, &(struct session_options){.duration_ns = 1}, NULL), 0);
	assert_int_equal(loop_once(session.loop, 0), 0);
	assert_false(session.stopped);
	session_ready(&session);
	assert_int_equal(session_run(&session, NULL), 0);
	session_close(&session);
}

static void one_that_was_stopped_does_not_run(void **state)
{
	struct session session;

	assert_int_equal(session_open(&session, &(struct session_options){0}, NULL), 0);
	session_stop(&session, -EIO);
	assert_int_equal(session_run(&session, NULL), -EIO);
	session_close(&session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_that_empties_the_ring_tells_until_when),
		cmocka_unit_test(another_batch_comes_in_the_same_turn),
		cmocka_unit_test(a_reader_that_is_never_content_leaves_the_loop_its_turn),
		cmocka_unit_test(in_a_flood_a_turn_is_one_batch),
		cmocka_unit_test(the_end_hands_on_all_that_the_hooks_left),
		cmocka_unit_test(a_signal_of_the_start_ends_the_run),
		cmocka_unit_test(the_verb_may_wait_for_a_second_signal),
		cmocka_unit_test(a_duration_ends_it),
		cmocka_unit_test(the_start_is_no_part_of_the_duration),
		cmocka_unit_test(one_that_was_stopped_does_not_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
