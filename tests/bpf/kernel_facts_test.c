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
#include "kernel_features.h"
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

/* A function of which kallsyms has only what the compiler made of it, as NAME.constprop.0. */
static bool changed_by_the_compiler(char ret[static 128])
{
	_cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], *suffix;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		suffix = strstr(line, ".constprop.0\n");
		if (!suffix || suffix - line > 100 || line[17] != 't' || strchr(line, '.') != suffix)
			continue;
		*suffix = '\0';
		snprintf(ret, 128, "%.120s", line + 19);
		if (!address_in_kallsyms(ret))
			return true;
	}
	return false;
}

static void tells_functions_as_kallsyms_has_them(void **state)
{
	char changed[128] = "", mangled[160];
	const struct plan_hook hooks[] = {
		{.function = "bpf_prog_put"},
		{.function = "no_such_function_of_a_kernel"},
		{.module = "no_such_module", .function = "bpf_prog_put"},
		{.function = changed},
	};
	struct symbol_facts facts[ARRAY_SIZE(hooks)];
	const struct features none = {.fentry = -EPERM, .kprobe = -EPERM};
	struct err err = {""};
	bool any = changed_by_the_compiler(changed);

	assert_int_equal(features_symbols(&none, hooks, any ? 4 : 3, facts, &err), 0);
	assert_true(facts[0].symbol);
	assert_false(facts[1].symbol || facts[1].mangled[0]);
	assert_false(facts[2].symbol || facts[2].loaded);
	if (!any)
		return;
	snprintf(mangled, sizeof(mangled), "%s.constprop.0", changed);
	assert_false(facts[3].symbol);
	assert_string_equal(facts[3].mangled, mangled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_libbpf_finds),
		cmocka_unit_test(reads_types_once),
		cmocka_unit_test(finds_what_kallsyms_has),
		cmocka_unit_test(tells_functions_as_kallsyms_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
