/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A kernel for real time, by what /sys and /proc have of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_root.h"
#include "kernel_features.h"

static bool is_realtime(const char *path, const char *text)
{
	struct fake_root root;
	bool is;

	fake_begin(&root);
	fake_file(&root, text, "%s", path);
	is = features_realtime(root.path);
	fake_end(&root);
	return is;
}

static void realtime(void **state)
{
	assert_true(is_realtime("sys/kernel/realtime", "1\n"));
	/* Debian's 6.12 with and without, and 6.18 as its makers build it. */
	assert_true(is_realtime("proc/version", "Linux version 6.12.41+deb13-rt-amd64 (x) (gcc) #1 SMP PREEMPT_RT "
						"Debian 6.12.41-1 (2025-08-12)\n"));
	assert_true(is_realtime("proc/version", "Linux version 6.18.0 (x) (gcc) #1 SMP PREEMPT_RT Sun Nov 30\n"));
	assert_false(is_realtime("proc/version", "Linux version 6.12.41+deb13-amd64 (x) (gcc) #1 SMP "
						 "PREEMPT_DYNAMIC Debian 6.12.41-1 (2025-08-12)\n"));
	assert_false(is_realtime("proc/self", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(realtime)};

	return cmocka_run_group_tests_name("kernel features", tests, NULL, NULL);
}
