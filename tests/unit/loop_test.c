/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "loop.h"

/* The loop's own timerfd_settime() is this one: the program's symbol comes before the C library's. */
static bool refuse_timers;

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	if (refuse_timers) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_timerfd_settime, fd, flags, value, old);
}

struct seen {
	struct loop *loop;
	struct loop_source *self, *other;
	int count, signo;
};

static void count_to_three(void *data)
{
	struct seen *s = data;

	if (++s->count == 3)
		loop_stop(s->loop, 7);
}

static void timer_repeats_and_stop_carries_a_value(void **state)
{
	struct seen s = {.loop = loop_new()};

	assert_non_null(loop_add_timer(s.loop, 0, 1000000, count_to_three, &s));
	assert_int_equal(loop_run(s.loop), 7);
	assert_int_equal(s.count, 3);
	loop_free(s.loop);
}

static void remove_both(void *data, int fd, uint32_t events)
{
	struct seen *s = data;

	s->count++;
	loop_remove(s->self);
	loop_remove(s->other);
}

static void removed_in_the_same_batch_is_not_called(void **state)
{
	struct seen s = {.loop = loop_new()};
	int a[2], b[2];

	assert_int_equal(pipe(a) | pipe(b), 0);
	assert_int_equal(write(a[1], "x", 1) + write(b[1], "x", 1), 2);
	s.self = loop_add_io(s.loop, a[0], EPOLLIN, remove_both, &s);
	s.other = loop_add_io(s.loop, b[0], EPOLLIN, remove_both, &s);
	assert_int_equal(loop_once(s.loop, 1000), 0);
	assert_int_equal(loop_once(s.loop, 0), 0);
	assert_int_equal(s.count, 1);
	loop_free(s.loop);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
}

static void take_signal(void *data, int signo)
{
	struct seen *s = data;

	s->signo = signo;
	loop_stop(s->loop, 0);
}

static bool is_blocked(int signo)
{
	sigset_t now;

	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
	return sigismember(&now, signo) == 1;
}

static void signals_that_end_arrive_on_the_loop(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct seen s = {.loop = loop_new()};

		assert_non_null(loop_add_end_signals(s.loop, take_signal, &s));
		raise(signals[i]);
		assert_int_equal(loop_run(s.loop), 0);
		assert_int_equal(s.signo, signals[i]);
		raise(signals[i]); /* a second one does not end what follows the loop */
		loop_free(s.loop);
		assert_false(is_blocked(signals[i]));
	}
}

static void an_ignored_hangup_stays_ignored(void **state)
{
	struct seen s = {.loop = loop_new()};

	signal(SIGHUP, SIG_IGN);
	assert_non_null(loop_add_end_signals(s.loop, take_signal, &s));
	raise(SIGHUP);
	assert_int_equal(loop_once(s.loop, 0), 0);
	assert_int_equal(s.signo, 0);
	loop_free(s.loop);
	signal(SIGHUP, SIG_DFL);
}

static void timer_that_the_kernel_refuses_is_an_error(void **state)
{
	struct seen s = {.loop = loop_new()};

	refuse_timers = true;
	errno = 0;
	assert_null(loop_add_timer(s.loop, 1000000, 0, count_to_three, &s));
	assert_int_equal(errno, EINVAL);
	refuse_timers = false;
	assert_int_equal(loop_once(s.loop, 0), 0);
	loop_free(s.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timer_repeats_and_stop_carries_a_value),
		cmocka_unit_test(removed_in_the_same_batch_is_not_called),
		cmocka_unit_test(signals_that_end_arrive_on_the_loop),
		cmocka_unit_test(an_ignored_hangup_stays_ignored),
		cmocka_unit_test(timer_that_the_kernel_refuses_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
