/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A function that can be hooked is not fine yet: its programs have to load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "doctor_functions.h"

static void expect(const struct report *r, const char *id, enum check_state state, const char *detail, const char *remedy)
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

	m.others[0] = (struct other_hook){.name = "other", .module = "gtp", .choice.method = PLAN_KPROBE,
					  .load_error = "no memory"};
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(programs_that_do_not_load)};

	return cmocka_run_group_tests_name("doctor programs", tests, NULL, NULL);
}
