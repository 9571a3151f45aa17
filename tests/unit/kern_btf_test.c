/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Types of a module, over those of its kernel and over those of another one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "btf_member.h"
#include "kernel_btf.h"

/* A kernel with one type, and as many texts as asked for. */
static struct btf *make_kernel(int texts)
{
	struct btf *btf = btf__new_empty();
	char text[16];

	assert_non_null(btf);
	assert_int_equal(btf__add_int(btf, "int", 4, 0), 1);
	for (int i = 0; i < texts; i++) {
		snprintf(text, sizeof(text), "text%d", i);
		assert_true(btf__add_str(btf, text) > 0);
	}
	return btf;
}

/* struct place { int first, second; }; void receive(void); */
static struct btf *make_module(struct btf *kernel)
{
	struct btf *btf = btf__new_empty_split(kernel);
	int proto;

	assert_non_null(btf);
	assert_true(btf__add_struct(btf, "place", 8) > 0);
	assert_int_equal(btf__add_field(btf, "first", 1, 0, 0), 0);
	assert_int_equal(btf__add_field(btf, "second", 1, 32, 0), 0);
	proto = btf__add_func_proto(btf, 0);
	assert_true(proto > 0);
	assert_true(btf__add_func(btf, "receive", BTF_FUNC_STATIC, proto) > 0);
	return btf;
}

static void test_of_its_kernel(void **state)
{
	struct btf *kernel = make_kernel(100);
	struct module_btf m = {.btf = make_module(kernel), .fd = -1};

	assert_int_equal(btf_member_offset(m.btf, "place", "second"), 4);
	assert_int_equal(btf_member_offset(m.btf, "place", "third"), -ENOENT);
	assert_true(module_btf_find(&m, kernel, "receive", BTF_KIND_FUNC) > 0);
	assert_int_equal(module_btf_find(&m, kernel, "send", BTF_KIND_FUNC), -ENOENT);
	module_btf_close(&m);
	btf__free(kernel);
}

/* Its texts begin behind the kernel's: over a kernel with fewer of them they are not there. */
static void test_of_another_kernel(void **state)
{
	struct btf *kernel = make_kernel(100), *other = make_kernel(0);
	struct btf *module = make_module(kernel);
	struct module_btf m = {.fd = -1};
	char path[] = "/tmp/kern_btf_test.XXXXXX";
	uint32_t size;
	const void *raw = btf__raw_data(module, &size);
	int fd = mkstemp(path);

	assert_non_null(raw);
	assert_int_equal(write(fd, raw, size), size);
	close(fd);
	m.btf = btf__parse_raw_split(path, other);
	unlink(path);
	if (m.btf) { /* a later libbpf refuses it */
		assert_string_equal(btf_text(m.btf, btf__type_by_id(m.btf, 2)->name_off), "");
		assert_int_equal(btf_member_offset(m.btf, "place", "second"), -ENOENT);
		assert_int_equal(module_btf_find(&m, other, "receive", BTF_KIND_FUNC), -ENOENT);
	}
	module_btf_close(&m);
	btf__free(module);
	btf__free(other);
	btf__free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_its_kernel),
		cmocka_unit_test(test_of_another_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
