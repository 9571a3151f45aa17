/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which PID namespace a /proc belongs to, as process 1 of it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_root.h"
#include "pidns.h"

static uint32_t own_namespace(void)
{
	char text[64] = "";
	unsigned inode = 0;

	assert_true(readlink("/proc/self/ns/pid", text, sizeof(text) - 1) > 0);
	assert_int_equal(sscanf(text, "pid:[%u]", &inode), 1);
	return inode == 4026531836U ? 0 : inode; /* the kernel's own, whose inode is part of its ABI */
}

static void of_the_first_process(void **state)
{
	struct fake_root root;

	fake_begin(&root);
	fake_link(&root, "pid:[4026532999]", "proc/1/ns/pid");
	assert_int_equal(pidns_of_proc(root.path), 4026532999U);
	fake_end(&root);
}

static void the_kernels_own_has_no_number(void **state)
{
	struct fake_root root;

	fake_begin(&root);
	fake_link(&root, "pid:[4026531836]", "proc/1/ns/pid");
	assert_int_equal(pidns_of_proc(root.path), 0);
	fake_end(&root);
}

static void the_callers_where_proc_does_not_tell(void **state)
{
	struct fake_root root;

	fake_begin(&root);
	assert_int_equal(pidns_of_proc(root.path), own_namespace());
	fake_link(&root, "net:[4026532999]", "proc/1/ns/pid");
	assert_int_equal(pidns_of_proc(root.path), own_namespace());
	fake_end(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_first_process),
		cmocka_unit_test(the_kernels_own_has_no_number),
		cmocka_unit_test(the_callers_where_proc_does_not_tell),
	};

	return cmocka_run_group_tests_name("host_pidns", tests, NULL, NULL);
}
