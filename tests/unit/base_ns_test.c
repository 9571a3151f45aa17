/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls inside network namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "ns.h"

struct seen {
	pid_t tid;
	bool signals;
	uint64_t inode, inode_of_process;
	int fd;
};

static uint64_t inode_of_first_thread(void)
{
	_cleanup_close_ int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return ns_inode(fd);
}

static int note_thread(void *data, struct err *err)
{
	struct seen *s = data;
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	*s = (struct seen){.tid = gettid(),
			   .inode = ns_inode_self(),
			   .inode_of_process = inode_of_first_thread(),
			   .signals = !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGINT)};
	return err_set(err, -ENOTTY, "as asked");
}

static int make_netns(void *data, struct err *err)
{
	struct seen *s = data;

	if (unshare(CLONE_NEWNET) < 0)
		return err_set(err, -errno, "unshare: %s", strerror(errno));
	s->inode = ns_inode_self();
	s->fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return 7;
}

static void test_helper(void **state)
{
	sigset_t before = {0}, after = {0};
	struct err err = {0};
	struct seen s;

	sigprocmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(ns_call_in_helper(note_thread, &s, &err), -ENOTTY);
	assert_string_equal(err.text, "as asked");
	assert_int_not_equal(s.tid, gettid());
	assert_false(s.signals);
	assert_int_equal(s.inode, ns_inode_self());
	sigprocmask(SIG_BLOCK, NULL, &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

/* Neither the calling thread nor the process, as others see it, goes along. */
static void test_other_namespace(void **state)
{
	uint64_t own = ns_inode_self();
	struct seen made = {.fd = -1}, s;
	struct err err = {0};

	if (geteuid() != 0)
		skip();
	assert_int_equal(ns_call_in_helper(make_netns, &made, &err), 7);
	assert_true(made.fd >= 0);
	assert_int_not_equal(made.inode, own);
	assert_int_equal(ns_call(made.fd, note_thread, &s, &err), -ENOTTY);
	assert_int_equal(s.inode, made.inode);
	assert_int_equal(s.inode_of_process, own);
	assert_int_equal(ns_inode_self(), own);
	close(made.fd);
}

static void test_not_a_namespace(void **state)
{
	_cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct seen s = {0};
	struct err err = {0};

	assert_true(ns_call(fd, note_thread, &s, &err) < 0);
	assert_non_null(strstr(err.text, "cannot enter the network namespace"));
	assert_int_equal(s.tid, 0);
}

/* A process at its limit of descriptors does not learn the cookie, and must not take that for another one. */
static void test_cookie(void **state)
{
	struct rlimit before, none = {0};
	uint64_t first = 1, second = 2;

	assert_int_equal(ns_cookie_self(&first), 0);
	assert_int_equal(ns_cookie_self(&second), 0);
	assert_int_equal(first, second);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(ns_cookie_self(&second), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(first, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_helper),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_not_a_namespace),
		cmocka_unit_test(test_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
