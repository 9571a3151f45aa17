/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What follows from the facts about a node, and how the facts are read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "doctor_api.h"
#include "doctor_expect.h"
#include "doctor_functions.h"
#include "doctor_node.h"
#include "fake_root.h"

static const struct node_facts stock = {
	.major = 6,
	.minor = 1,
	.release = "6.1.0-56-amd64 x86_64",
	.capabilities = ~UINT64_C(0),
	.features = {.cap_bpf = true, .cap_perfmon = true, .cap_sys_admin = true, .vmlinux_btf = true, .tcx = -EINVAL},
	.context_means = "preempt_count",
	.jit = true,
	.jit_known = true};

static enum report_verdict judge_node(const struct node_facts *f, struct report *r)
{
	doctor_judge_kernel(f, r);
	doctor_judge_rights(f, r);
	return report_verdict(r);
}

static void stock_kernel_is_usable(void **state)
{
	_cleanup_(report_free) struct report r = {0};

	assert_int_equal(judge_node(&stock, &r), REPORT_USABLE);
	expect(&r, "kernel.tc", CHECK_OK, "clsact");
	expect(&r, "kernel.fentry", CHECK_OK, "attached");
}

/* The hard case: fentry refused, no kprobes; flows at TC work. */
static void without_hooks_it_is_limited(void **state)
{
	_cleanup_(report_free) struct report r = {0};
	struct node_facts f = stock;

	f.features.fentry = -EPERM;
	f.features.kprobe = -ENOENT;
	f.features.tcx = 0;
	assert_int_equal(judge_node(&f, &r), REPORT_LIMITED);
	expect(&r, "kernel.fentry", CHECK_MISSING, "nor are there kprobes");
	expect(&r, "kernel.kprobe", CHECK_MISSING, "not built in");
	expect(&r, "kernel.tc", CHECK_OK, "tcx");
}

static void one_of_the_methods_is_enough(void **state)
{
	_cleanup_(report_free) struct report r = {0};
	struct node_facts f = stock;

	f.features.fentry = -EOPNOTSUPP;
	judge_node(&f, &r);
	expect(&r, "kernel.fentry", CHECK_LIMITED, "kprobes are used");
}

static void check_unusable(const struct node_facts *f, const char *id)
{
	_cleanup_(report_free) struct report r = {0};

	assert_int_equal(judge_node(f, &r), REPORT_UNUSABLE);
	expect(&r, id, CHECK_MISSING, "");
}

static void what_makes_it_unusable(void **state)
{
	struct node_facts f = stock;

	f.features.vmlinux_btf = false;
	check_unusable(&f, "kernel.btf");
	f = stock;
	f.features.ringbuf = -EINVAL;
	check_unusable(&f, "kernel.ring_buffer");
	f = stock;
	f.major = 5;
	f.minor = 4;
	check_unusable(&f, "kernel.version");
	f = stock;
	f.capabilities = 0;
	check_unusable(&f, "rights.CAP_BPF");
}

static void each_right_has_its_price(void **state)
{
	_cleanup_(report_free) struct report r = {0}, old = {0};
	struct node_facts f = stock;

	/* As a pod with CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN. */
	f.capabilities = UINT64_C(1) << 39 | UINT64_C(1) << 38 | UINT64_C(1) << 12;
	assert_int_equal(judge_node(&f, &r), REPORT_LIMITED);
	expect(&r, "rights.CAP_BPF", CHECK_OK, "there");
	expect(&r, "rights.CAP_SYS_ADMIN", CHECK_LIMITED, "namespaces");
	expect(&r, "rights.CAP_SYS_PTRACE", CHECK_LIMITED, "N3 socket");
	expect(&r, "rights.CAP_SYS_RESOURCE", CHECK_OK, "not needed");
	/* CAP_SYS_ADMIN stands for the two younger ones; 5.10 still locks memory. */
	f.capabilities = UINT64_C(1) << 21;
	f.major = 5;
	f.minor = 10;
	judge_node(&f, &old);
	expect(&old, "rights.CAP_BPF", CHECK_OK, "by CAP_SYS_ADMIN");
	expect(&old, "rights.CAP_NET_ADMIN", CHECK_LIMITED, "flows");
	expect(&old, "rights.CAP_SYS_RESOURCE", CHECK_LIMITED, "locked memory");
}

static void what_this_kernels_scheduler_offers(void **state)
{
	_cleanup_(report_free) struct report r = {0}, grouped = {0};
	struct node_facts f = {.slices = true};

	doctor_judge_scheduler(&f, &r);
	expect(&r, "scheduler.local", CHECK_OK, "SCHED_RR, slices");
	f = (struct node_facts){.autogroup = true};
	doctor_judge_scheduler(&f, &grouped);
	expect(&grouped, "scheduler.local", CHECK_INFO, "no slices");
	expect(&grouped, "scheduler.local", CHECK_INFO, "within its session alone");
}

static void files_are_read(void **state)
{
	struct node_facts f = {0};
	struct fake_root root;

	fake_begin(&root);
	fake_file(&root, "Name:\tteide\nCapInh:\t0\nCapEff:\t0000008000000000\n", "proc/self/status");
	fake_file(&root, "none [integrity] confidentiality\n", "sys/kernel/security/lockdown");
	fake_file(&root, "0\n", "proc/sys/net/core/bpf_jit_enable");
	fake_file(&root, "1\n", "proc/sys/kernel/sched_autogroup_enabled");
	fake_file(&root, "enabled\n", "sys/kernel/sched_ext/state");
	fake_file(&root, "gthulhu\n", "sys/kernel/sched_ext/root/ops");
	doctor_read_files(root.path, &f);
	fake_end(&root);
	assert_int_equal(f.capabilities, UINT64_C(1) << 39);
	assert_string_equal(f.lockdown, "integrity");
	assert_true(f.jit_known && !f.jit);
	assert_true(f.sched_ext);
	assert_string_equal(f.scheduler, "gthulhu");
	assert_true(f.autogroup);
}

static void missing_files_are_no_facts(void **state)
{
	struct node_facts f = {0};
	struct fake_root root;

	fake_begin(&root);
	doctor_read_files(root.path, &f);
	fake_end(&root);
	assert_int_equal(f.capabilities, 0);
	assert_string_equal(f.lockdown, "");
	assert_false(f.jit_known || f.sched_ext || f.autogroup);
}

static struct modules_facts gtp5g_loaded(const char *reason, enum plan_method method)
{
	struct modules_facts m = {.can_load = true, .qos = -1, .seq = -1};

	m.modules[1] = (struct module_facts){.loaded = true, .version = "0.10.2"};
	for (size_t i = 0; i < doctor_functions_len; i++) {
		m.functions[i].choice.method = method;
		m.functions[i].described = true;
		snprintf(m.functions[i].choice.reason, PLAN_REASON_MAX, "%s", reason);
	}
	return m;
}

static struct function_facts *function(struct modules_facts *m, const char *name)
{
	for (size_t i = 0; i < doctor_functions_len; i++)
		if (!strcmp(doctor_functions[i].name, name) && !strcmp(doctor_functions[i].module, "gtp5g"))
			return &m->functions[i];
	fail_msg("no function %s", name);
	return NULL;
}

static void set_none(struct modules_facts *m, const char *name, const char *why)
{
	struct function_facts *f = function(m, name);

	f->choice.method = PLAN_SKIP;
	snprintf(f->choice.reason, sizeof(f->choice.reason), "%s", why);
}

static void functions_of_a_stock_gtp5g(void **state)
{
	struct modules_facts m = gtp5g_loaded("no BTF: /sys/kernel/btf/gtp5g is missing", PLAN_KPROBE);
	_cleanup_(report_free) struct report r = {0};

	m.qos = 0;
	m.seq = 1;
	set_none(&m, "gtp1u_udp_encap_recv", "inlined by the compiler, or not in this version");
	set_none(&m, "policePacket", "inlined by the compiler, or not in this version");
	function(&m, "ip_xmit")->described = false;
	doctor_judge_modules(&m, &stock.features, &r);
	doctor_judge_functions(&m, &r);
	assert_int_equal(report_verdict(&r), REPORT_USABLE);
	expect(&r, "function.gtp5g.ip_xmit", CHECK_INFO, "no probe hooks it; not shown: what leaves on N9");
	expect(&r, "module.gtp", CHECK_INFO, "not loaded");
	expect(&r, "module.gtp5g", CHECK_OK, "0.10.2");
	expect(&r, "module.gtp5g.btf", CHECK_INFO, "kprobes are used");
	assert_non_null(strstr(find(&r, "module.gtp5g.btf")->remedy, "pahole -J --btf_base"));
	expect(&r, "module.gtp5g.qos", CHECK_INFO, "not enforced");
	expect(&r, "module.gtp5g.seq", CHECK_OK, "sequence numbers");
	expect(&r, "function.gtp5g.gtp5g_encap_recv", CHECK_OK, "kprobe: no BTF");
	expect(&r, "function.gtp5g.gtp1u_udp_encap_recv", CHECK_INFO, "not shown: a stage of");
	expect(&r, "function.gtp5g.policePacket", CHECK_INFO, "there from 0.8.6");
	expect(&r, "function.gtp.gtp_encap_recv", CHECK_INFO, "not loaded");
	assert_true(find(&r, "function.gtp.gtp_encap_recv")->hidden);
}

static void functions_that_are_gone(void **state)
{
	struct modules_facts m = gtp5g_loaded("fentry works on it", PLAN_FENTRY);
	_cleanup_(report_free) struct report r = {0};

	set_none(&m, "gtp5g_encap_recv", "fentry refused by this kernel: x; this kernel has no kprobes");
	set_none(&m, "pdr_find_by_gtp1u", "only pdr_find_by_gtp1u.isra.0 is there");
	m.others[m.n_others++] = (struct other_hook){"gtp5g_new_one", "gtp5g", {PLAN_FENTRY, "works"}};
	doctor_judge_functions(&m, &r);
	assert_int_equal(report_verdict(&r), REPORT_LIMITED);
	expect(&r, "function.gtp5g.gtp5g_encap_recv", CHECK_MISSING, "the uplink at N3");
	expect(&r, "function.gtp5g.pdr_find_by_gtp1u", CHECK_LIMITED, ".isra.0");
	expect(&r, "function.gtp5g.gtp5g_new_one", CHECK_OK, "fentry: works");
}

static void no_module_is_said_once(void **state)
{
	struct modules_facts m = {.can_load = true, .qos = -1, .seq = -1};
	_cleanup_(report_free) struct report r = {0};
	_cleanup_(buf_free) struct buf out = {0};
	const struct report_heading h = {"1.2.3", "node", "6.1"};
	const char *first;

	doctor_judge_modules(&m, &stock.features, &r);
	doctor_judge_functions(&m, &r);
	assert_int_equal(report_verdict(&r), REPORT_LIMITED);
	report_text(&r, &h, &out);
	assert_non_null(strstr(out.data, "gtp, gtp5g"));
	first = strstr(out.data, "load what the UPF uses");
	assert_non_null(first);
	assert_null(strstr(first + 1, "load what the UPF uses"));
	assert_null(strstr(out.data, "FUNCTIONS"));
}

static void a_clock_that_is_wrong(void **state)
{
	_cleanup_(report_free) struct report right = {0}, behind = {0};

	doctor_judge_clock(1000, 1010, &right);
	expect(&right, "api.clock", CHECK_OK, "within");
	doctor_judge_clock(1000, 1100, &behind);
	expect(&behind, "api.clock", CHECK_INFO, "100 s behind");
}

static void report_is_bounded(void **state)
{
	_cleanup_(report_free) struct report r = {0};
	_cleanup_(buf_free) struct buf out = {0};
	const struct report_heading h = {"1.2.3", "node", "6.1"};

	for (size_t i = 0; i < REPORT_CHECKS_MAX + 5; i++)
		check_set(report_add(&r, CHECK_NETWORK, "x", "x.%zu", i), CHECK_INFO, "detail");
	assert_int_equal(r.len, REPORT_CHECKS_MAX);
	assert_int_equal(r.left_out, 5);
	report_json(&r, &h, &out);
	assert_non_null(strstr(out.data, "\"left_out\":5"));
}

/* No line of text is longer than a terminal, whatever is said. */
static void text_is_wrapped(void **state)
{
	_cleanup_(report_free) struct report r = {0};
	_cleanup_(buf_free) struct buf out = {0};
	const struct report_heading h = {"1.2.3", "node", "6.1"};
	struct check *c = report_add(&r, CHECK_API, "API server", "api");
	char words[300];

	for (size_t i = 0; i < sizeof(words); i++)
		words[i] = i % 5 ? 'w' : ' ';
	words[sizeof(words) - 1] = '\0';
	check_set(c, CHECK_LIMITED, "%s", words);
	check_remedy(c, "%s", words);
	report_text(&r, &h, &out);
	for (const char *line = out.data; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 1, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stock_kernel_is_usable),
		cmocka_unit_test(without_hooks_it_is_limited),
		cmocka_unit_test(one_of_the_methods_is_enough),
		cmocka_unit_test(what_makes_it_unusable),
		cmocka_unit_test(each_right_has_its_price),
		cmocka_unit_test(what_this_kernels_scheduler_offers),
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(missing_files_are_no_facts),
		cmocka_unit_test(functions_of_a_stock_gtp5g),
		cmocka_unit_test(functions_that_are_gone),
		cmocka_unit_test(no_module_is_said_once),
		cmocka_unit_test(a_clock_that_is_wrong),
		cmocka_unit_test(report_is_bounded),
		cmocka_unit_test(text_is_wrapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
