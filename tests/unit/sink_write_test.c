/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writing to who reads slowly, no longer, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "sink.h"

#define MUCH (1 << 20) /* more than a pipe holds */

static const sigset_t *ending_signals(void)
{
	static sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	return &set;
}

static int set_up(void **state)
{
	static int fds[2];

	signal(SIGPIPE, SIG_IGN);
	*state = fds;
	return pipe2(fds, O_CLOEXEC);
}

static int tear_down(void **state)
{
	const int *fds = *state;

	if (fds[0] >= 0)
		close(fds[0]);
	close(fds[1]);
	return 0;
}

static int write_much(struct sink *s)
{
	_cleanup_(buf_free) struct buf text = {0};

	for (size_t i = 0; i < MUCH; i++)
		buf_char(&text, (char)('a' + i % 26));
	sink_text(s, &text);
	return sink_flush(s);
}

static void test_patience_ends(void **state)
{
	const int *fds = *state;
	struct sink *s = sink_new(SINK_TEXT, fds[1], "node");

	sink_set_patience(s, 50 * NSEC_PER_MSEC);
	assert_int_equal(write_much(s), -ETIMEDOUT);
	assert_non_null(strstr(sink_trouble(-ETIMEDOUT), "its reader took nothing"));
	/* and nobody waits a second time */
	assert_int_equal(write_much(s), -ETIMEDOUT);
	sink_free(s);
}

static void test_reader_gone(void **state)
{
	int *fds = *state;
	struct sink *s = sink_new(SINK_TEXT, fds[1], "node");

	close(fds[0]);
	fds[0] = -1;
	assert_int_equal(write_much(s), -EPIPE);
	sink_free(s);
}

static void test_signal_ends_the_wait(void **state)
{
	const int *fds = *state;
	struct sink *s;
	int signo;

	sigprocmask(SIG_BLOCK, ending_signals(), NULL);
	raise(SIGTERM);
	s = sink_new(SINK_TEXT, fds[1], "node");
	assert_int_equal(write_much(s), -EINTR);
	sink_free(s);
	sigwait(ending_signals(), &signo);
	sigprocmask(SIG_UNBLOCK, ending_signals(), NULL);
}

static void *read_all(void *data)
{
	static size_t total;
	char chunk[1000];
	ssize_t n;

	total = 0;
	while ((n = read(*(const int *)data, chunk, sizeof(chunk))) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (chunk[i] == (char)('a' + total % 26))
				total++;
	return &total;
}

/* Whoever reads gets the last lines, in the midst of the end too. */
static void test_signal_loses_nothing(void **state)
{
	int *fds = *state, signo;
	pthread_t reader;
	struct sink *s;
	void *total;

	sigprocmask(SIG_BLOCK, ending_signals(), NULL);
	raise(SIGTERM);
	assert_int_equal(pthread_create(&reader, NULL, read_all, &fds[0]), 0);
	s = sink_new(SINK_TEXT, fds[1], "node");
	assert_int_equal(write_much(s), 0);
	sink_free(s);
	close(fds[1]);
	pthread_join(reader, &total);
	assert_int_equal(*(const size_t *)total, MUCH);
	fds[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	sigwait(ending_signals(), &signo);
	sigprocmask(SIG_UNBLOCK, ending_signals(), NULL);
}

static void test_disk_full(void **state)
{
	_cleanup_close_ int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct sink *s = sink_new(SINK_TEXT, fd, "node");

	assert_int_equal(write_much(s), -ENOSPC);
	sink_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_patience_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reader_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signal_ends_the_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signal_loses_nothing, set_up, tear_down),
		cmocka_unit_test(test_disk_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
