/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A function that can be hooked is not fine yet: its programs have to load. And what lockdown leaves of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "doctor_functions.h"
#include "doctor_node.h"

static void expect(const struct report *r, const char *id, enum check_state state, const char *detail,
		   const char *remedy)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct check *c = &r->checks[i];

		if (strcmp(c->id, id))
			continue;
		assert_string_equal(check_state_name(c->state), check_state_name(state));
		assert_string_equal(c->detail, detail);
		assert_string_equal(c->remedy, remedy);
		return;
	}
	fail_msg("no check %s", id);
}

static struct function_facts *hook(struct modules_facts *m, const char *name, enum plan_method method)
{
	for (size_t i = 0; i < doctor_functions_len; i++) {
		if (strcmp(doctor_functions[i].name, name) || strcmp(doctor_functions[i].module, "gtp"))
			continue;
		m->functions[i] = (struct function_facts){.described = true, .choice = {method, "works on it"}};
		return &m->functions[i];
	}
	fail_msg("no function %s", name);
	return NULL;
}

static void programs_that_do_not_load(void **state)
{
	struct modules_facts m = {.modules[0].loaded = true, .n_others = 1};
	_cleanup_(report_free) struct report r = {0};

	m.others[0] = (struct other_hook){
		.name = "other", .module = "gtp", .choice.method = PLAN_KPROBE, .load_error = "no memory"};
	hook(&m, "gtp_rx", PLAN_FENTRY);
	snprintf(hook(&m, "gtp_encap_recv", PLAN_FENTRY)->load_error, LOAD_ERROR_MAX, "%s",
		 "the verifier refuses it (R9 !read_ok); use another build; the full log: /f");
	snprintf(hook(&m, "gtp_dev_xmit", PLAN_KPROBE)->load_error, LOAD_ERROR_MAX, "%s",
		 "not permitted: run as root, or with CAP_BPF");
	doctor_judge_functions(&m, &r);
	assert_int_equal(report_verdict(&r), REPORT_LIMITED);
	expect(&r, "function.gtp.gtp_encap_recv", CHECK_MISSING,
	       "fentry, but its program does not load: the verifier refuses it (R9 !read_ok)",
	       "use another build; the full log: /f");
	expect(&r, "function.gtp.gtp_dev_xmit", CHECK_MISSING,
	       "kprobe, but its program does not load: not permitted: run as root, or with CAP_BPF",
	       "run as root, or with the rights below");
	expect(&r, "function.gtp.other", CHECK_MISSING, "kprobe, but its program does not load: no memory",
	       "use another kernel, and report it");
	expect(&r, "function.gtp.gtp_rx", CHECK_OK, "fentry: works on it; shows the decapsulation's own duration", "");
}

static void judge_lockdown(const struct node_facts *f, enum check_state state, const char *detail, const char *remedy)
{
	_cleanup_(report_free) struct report r = {0};

	doctor_judge_kernel(f, &r);
	assert_int_equal(report_verdict(&r), state == CHECK_OK ? REPORT_USABLE : REPORT_LIMITED);
	expect(&r, "kernel.lockdown", state, detail, remedy);
}

/* Packets are counted all the same. Whether the file is mounted makes no difference, and without the right it is the
 * right. */
static void lockdown_limits_what_can_be_read(void **state)
{
	static const char limit[] = "confidentiality: programs may not read the kernel's memory: packets have no "
				    "process and no context, and no calls of modules are shown";
	static const char remedy[] = "boot with lockdown=integrity, or without lockdown";
	struct node_facts f = {.major = 6,
			       .minor = 12,
			       .capabilities = ~UINT64_C(0),
			       .context_means = "preempt_count",
			       .features = {.vmlinux_btf = true, .kernel_reads = -EINVAL}};

	judge_lockdown(&f, CHECK_LIMITED, limit, remedy);
	snprintf(f.lockdown, sizeof(f.lockdown), "confidentiality");
	judge_lockdown(&f, CHECK_LIMITED, limit, remedy);
	f.capabilities = 0;
	judge_lockdown(&f, CHECK_OK, "confidentiality", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(programs_that_do_not_load),
					   cmocka_unit_test(lockdown_limits_what_can_be_read)};

	return cmocka_run_group_tests_name("doctor programs", tests, NULL, NULL);
}
