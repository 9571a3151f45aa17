/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is found quickly of this kernel is what a slow look finds: types as libbpf finds them, addresses as
 * /proc/kallsyms has them. */
#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "btf_member.h"
#include "cleanup.h"
#include "kernel_btf.h"
#include "kernel_symbols.h"

DEFINE_CLEANUP(struct btf *, btf, btf__free)
DEFINE_CLEANUP(struct btf *, kernel_btf, kernel_btf_put)

static void finds_what_libbpf_finds(void **state)
{
	static const struct {
		const char *name;
		unsigned kind;
	} types[] = {
		{"task_struct", BTF_KIND_STRUCT},
		{"task_struct", BTF_KIND_FUNC},
		{"bpf_fentry_test1", BTF_KIND_FUNC},
		{"netif_rx", BTF_KIND_FUNC},
		{"btf_trace_softirq_entry", BTF_KIND_TYPEDEF},
		{"int", BTF_KIND_INT},
		{"no_such_type_of_any_kernel", BTF_KIND_FUNC},
		{"", BTF_KIND_STRUCT},
		{"netif_r", BTF_KIND_FUNC},
	};
	_cleanup_(cleanup_btf) struct btf *slow = btf__load_vmlinux_btf();
	_cleanup_(cleanup_kernel_btf) struct btf *quick = kernel_btf_get();

	assert_non_null(slow);
	assert_non_null(quick);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		int want = types[i].name[0] ? btf__find_by_name_kind(slow, types[i].name, types[i].kind) : -ENOENT;

		assert_int_equal(kernel_btf_find(quick, types[i].name, types[i].kind), want);
	}
	assert_true(btf_member_offset(quick, "task_struct", "pid") > 0);
	assert_int_equal(btf_member_offset(quick, "task_struct", "no_such_member"), -ENOENT);
	assert_int_equal(btf_member_offset(quick, "no_such_struct", "pid"), -ENOENT);
}

static void reads_types_once(void **state)
{
	_cleanup_(cleanup_kernel_btf) struct btf *first = kernel_btf_get();
	_cleanup_(cleanup_kernel_btf) struct btf *second = kernel_btf_get();

	assert_non_null(first);
	assert_ptr_equal(first, second);
}

/* Of the last line with that name: 0 where there is none. */
static uint64_t address_in_kallsyms(const char *name)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], found[256];
	uint64_t address, ret = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%" SCNx64 " %*c %255s", &address, found) == 2 && !strcmp(found, name))
			ret = address;
	return ret;
}

static void finds_what_kallsyms_has(void **state)
{
	static const char *const names[] = {"bpf_prog_put", "__per_cpu_offset", "no_such_symbol_of_a_kernel",
					    "start_kernel", "pcpu_hot"};
	uint64_t found[ARRAY_SIZE(names)];

	memset(found, 0xff, sizeof(found));
	kernel_symbols_find(names, ARRAY_SIZE(names), found);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(found[i], address_in_kallsyms(names[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_libbpf_finds),
		cmocka_unit_test(reads_types_once),
		cmocka_unit_test(finds_what_kallsyms_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
