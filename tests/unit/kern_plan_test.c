/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The attach plan, pinned for the kernels and modules that are out there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "attach_plan.h"

/* Debian's 5.10, 6.1 and 6.12 as root: all of it works. */
static const struct features stock = {.cap_bpf = true, .cap_perfmon = true, .cap_sys_admin = true, .vmlinux_btf = true};
/* A kernel that refuses fentry and is built without kprobes. */
static const struct features bare = {.cap_bpf = true,
				     .cap_perfmon = true,
				     .cap_sys_admin = true,
				     .vmlinux_btf = true,
				     .fentry = -EPERM,
				     .kprobe = -ENOENT};

static const struct plan_hook gtp_recv = {
	.module = "gtp", .function = "gtp_encap_recv", .required = true, .exits = true};
static const struct plan_hook gtp_push = {.module = "gtp", .function = "gtp_push_header", .exits = true};
static const struct plan_hook gtp_build = {.module = "gtp", .function = "gtp_build_skb_ip4", .exits = true};
static const struct plan_hook gtp5g_recv = {
	.module = "gtp5g", .function = "gtp5g_encap_recv", .required = true, .exits = true};
static const struct plan_hook gtp5g_rx = {.module = "gtp5g", .function = "gtp5g_rx"};
static const struct plan_hook tunnel = {.function = "iptunnel_xmit"};

static const struct symbol_facts with_btf = {.loaded = true, .module_btf = true, .btf_func = true, .symbol = true};
static const struct symbol_facts without_btf = {.loaded = true, .fentry = -ENODATA, .symbol = true};
static const struct symbol_facts inlined_with_btf = {
	.loaded = true, .module_btf = true, .fentry = -ENODATA, .kprobe = -ENODATA};
static const struct symbol_facts inlined_without_btf = {.loaded = true, .fentry = -ENODATA, .kprobe = -ENODATA};
static const struct symbol_facts not_loaded = {.fentry = -ENODATA, .kprobe = -ENODATA};

static void check(const struct features *f, const struct plan_hook *hook, const struct symbol_facts *facts,
		  enum plan_method forced, enum plan_method method, const char *reason)
{
	struct plan_choice c = plan_hook(f, hook, facts, forced);

	assert_string_equal(plan_method_name(c.method), plan_method_name(method));
	assert_non_null(strstr(c.reason, reason));
}

/* 6.1 has gtp_build_skb_ip4, 6.12 gtp_push_header; both have the module's BTF. */
static void gtp_on_6_1(void **state)
{
	check(&stock, &gtp_recv, &with_btf, PLAN_AUTO, PLAN_FENTRY, "fentry works");
	check(&stock, &gtp_build, &with_btf, PLAN_AUTO, PLAN_FENTRY, "fentry works");
	check(&stock, &gtp_push, &inlined_with_btf, PLAN_AUTO, PLAN_SKIP, "inlined");
}

static void gtp_on_6_12(void **state)
{
	check(&stock, &gtp_recv, &with_btf, PLAN_AUTO, PLAN_FENTRY, "fentry works");
	check(&stock, &gtp_push, &with_btf, PLAN_AUTO, PLAN_FENTRY, "fentry works");
	check(&stock, &gtp_build, &inlined_with_btf, PLAN_AUTO, PLAN_SKIP, "inlined");
}

/* 5.10 has no BTF of modules. */
static void gtp_on_5_10(void **state)
{
	check(&stock, &gtp_recv, &without_btf, PLAN_AUTO, PLAN_KPROBE, "/sys/kernel/btf/gtp");
	check(&stock, &gtp_build, &without_btf, PLAN_AUTO, PLAN_KPROBE, "/sys/kernel/btf/gtp");
	check(&stock, &gtp_push, &inlined_without_btf, PLAN_AUTO, PLAN_SKIP, "inlined");
}

static void gtp_without_btf_on_6_12(void **state)
{
	check(&stock, &gtp_recv, &without_btf, PLAN_AUTO, PLAN_KPROBE, "no BTF");
	check(&stock, &gtp_recv, &without_btf, PLAN_FENTRY, PLAN_FAIL, "/sys/kernel/btf/gtp");
	check(&stock, &gtp_push, &without_btf, PLAN_FENTRY, PLAN_SKIP, "/sys/kernel/btf/gtp");
}

static void gtp5g_with_and_without_btf(void **state)
{
	check(&stock, &gtp5g_recv, &with_btf, PLAN_AUTO, PLAN_FENTRY, "fentry works");
	check(&stock, &gtp5g_recv, &without_btf, PLAN_AUTO, PLAN_KPROBE, "/sys/kernel/btf/gtp5g");
	check(&stock, &gtp5g_recv, &not_loaded, PLAN_AUTO, PLAN_FAIL, "gtp5g is not loaded");
}

static void inlined_or_mangled(void **state)
{
	struct symbol_facts mangled = inlined_without_btf;
	struct plan_hook required = gtp5g_rx;

	strcpy(mangled.mangled, "gtp5g_rx.isra.0");
	required.required = true;
	check(&stock, &gtp5g_rx, &inlined_with_btf, PLAN_AUTO, PLAN_SKIP, "inlined");
	check(&stock, &gtp5g_rx, &inlined_with_btf, PLAN_KPROBE, PLAN_SKIP, "inlined");
	check(&stock, &gtp5g_rx, &mangled, PLAN_AUTO, PLAN_SKIP, "gtp5g_rx.isra.0");
	check(&stock, &required, &inlined_with_btf, PLAN_AUTO, PLAN_FAIL, "inlined");
}

static void forced_kprobe(void **state)
{
	struct plan_hook sleeping = gtp_recv;

	sleeping.sleeps = true;
	check(&stock, &gtp_recv, &with_btf, PLAN_KPROBE, PLAN_KPROBE, "asked for");
	check(&stock, &sleeping, &with_btf, PLAN_KPROBE, PLAN_FAIL, "may sleep");
	check(&stock, &sleeping, &with_btf, PLAN_AUTO, PLAN_FENTRY, "fentry works");
	sleeping.exits = false;
	check(&stock, &sleeping, &with_btf, PLAN_KPROBE, PLAN_KPROBE, "asked for");
}

/* What is seldom called does not hold its module longer than it must. */
static void seldom_called(void **state)
{
	struct plan_hook hook = {.module = "gtp5g", .function = "gtp5g_genl_add_pdr", .seldom = true};
	struct symbol_facts unprobed = with_btf;

	unprobed.kprobe = -EINVAL;
	check(&stock, &hook, &with_btf, PLAN_AUTO, PLAN_KPROBE, "releases the module sooner");
	check(&stock, &hook, &without_btf, PLAN_AUTO, PLAN_KPROBE, "no BTF");
	check(&stock, &hook, &with_btf, PLAN_FENTRY, PLAN_FENTRY, "asked for");
	check(&stock, &hook, &unprobed, PLAN_AUTO, PLAN_FENTRY, "fentry works");
	hook.exits = true;
	check(&stock, &hook, &with_btf, PLAN_AUTO, PLAN_FENTRY, "fentry works");
	hook.exits = false;
	hook.module = NULL;
	check(&stock, &hook, &with_btf, PLAN_AUTO, PLAN_FENTRY, "fentry works");
}

static void tracepoints(void **state)
{
	struct symbol_facts facts = {
		.loaded = true, .module_btf = true, .fentry = -ENODATA, .kprobe = -ENODATA, .tracepoint = true};
	struct plan_hook hook = {.function = "tcp_retransmit_skb", .tracepoint = "tcp:tcp_retransmit_skb"};

	check(&bare, &hook, &facts, PLAN_AUTO, PLAN_TRACEPOINT, "fentry refused");
	check(&stock, &hook, &facts, PLAN_TRACEPOINT, PLAN_TRACEPOINT, "asked for");
	facts.tracepoint = false;
	check(&bare, &hook, &facts, PLAN_AUTO, PLAN_SKIP, "no kprobes");
	check(&stock, &gtp_recv, &with_btf, PLAN_TRACEPOINT, PLAN_FAIL, "no tracepoint");
}

/* Before 6.6 a trampoline carries at most six arguments: the function tells, not the kernel. */
static void refused_on_one_function(void **state)
{
	struct symbol_facts ten_arguments = with_btf;

	ten_arguments.fentry = -EINVAL;
	check(&stock, &tunnel, &ten_arguments, PLAN_AUTO, PLAN_KPROBE, "refused on this function");
	check(&stock, &tunnel, &ten_arguments, PLAN_FENTRY, PLAN_SKIP, "Invalid argument");
	ten_arguments.kprobe = -EOPNOTSUPP;
	check(&stock, &tunnel, &ten_arguments, PLAN_KPROBE, PLAN_SKIP, "kprobe refused");
}

static void nothing_possible(void **state)
{
	const struct plan_hook hooks[] = {gtp_recv, gtp_push};
	const struct symbol_facts facts[] = {with_btf, with_btf};
	struct plan_choice choices[2];
	const struct hook_plan plan = {.hooks = hooks, .choices = choices, .n = 2};
	struct err err;

	assert_int_equal(plan_hooks(&plan, &bare, facts, PLAN_AUTO, &err), -EOPNOTSUPP);
	assert_int_equal(choices[0].method, PLAN_FAIL);
	assert_int_equal(choices[1].method, PLAN_SKIP);
	assert_non_null(strstr(err.text, "gtp:gtp_encap_recv"));
	assert_non_null(strstr(err.text, "fentry refused by this kernel: Operation not permitted"));
	assert_non_null(strstr(err.text, "this kernel has no kprobes"));
	assert_int_equal(err_exit_code(-EOPNOTSUPP), EXIT_UNSUPPORTED);
}

static void optional_hooks_do_not_fail(void **state)
{
	const struct plan_hook hooks[] = {gtp_recv, gtp_push, gtp_build, tunnel};
	const struct symbol_facts facts[] = {with_btf, inlined_with_btf, with_btf, with_btf};
	struct plan_choice choices[4];
	const struct hook_plan plan = {.hooks = hooks, .choices = choices, .n = 4};
	struct err err;

	assert_int_equal(plan_hooks(&plan, &stock, facts, PLAN_AUTO, &err), 0);
	assert_int_equal(choices[0].method, PLAN_FENTRY);
	assert_int_equal(choices[1].method, PLAN_SKIP);
	assert_int_equal(choices[2].method, PLAN_FENTRY);
	assert_int_equal(choices[3].method, PLAN_FENTRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gtp_on_6_1),
		cmocka_unit_test(gtp_on_6_12),
		cmocka_unit_test(gtp_on_5_10),
		cmocka_unit_test(gtp_without_btf_on_6_12),
		cmocka_unit_test(gtp5g_with_and_without_btf),
		cmocka_unit_test(inlined_or_mangled),
		cmocka_unit_test(forced_kprobe),
		cmocka_unit_test(seldom_called),
		cmocka_unit_test(tracepoints),
		cmocka_unit_test(refused_on_one_function),
		cmocka_unit_test(nothing_possible),
		cmocka_unit_test(optional_hooks_do_not_fail),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
