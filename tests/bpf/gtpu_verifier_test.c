/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The verifier accepts the gtpu programs within probes/gtpu/verifier.budget. Their kprobe entries
 * load on every kernel; the fentry entries have the same bodies and want the module. */
#include <bpf/bpf.h>
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

#include "budget.h"
#include "cleanup.h"
#include "gtpu/gtpu.h"
#include "gtpu.skel.h"
#include "kernel_features.h"
#include "object.h"

static bool loads_anywhere(const char *program)
{
	return !strncmp(program, "kprobe_", 7) || !strncmp(program, "kretprobe_", 10);
}

static int load(void **state, bool direct)
{
	struct gtpu_bpf *skel = gtpu_bpf__open();
	struct bpf_program *program;
	struct err err = {""};

	assert_non_null(skel);
	bpf_object__for_each_program(program, skel->obj)
		bpf_program__set_autoload(program, loads_anywhere(bpf_program__name(program)));
	skel->rodata->events_wanted = true;
	skel->rodata->each_function = true;
	skel->rodata->exits_hooked = true;
	skel->rodata->hooked = UINT64_MAX;
	skel->rodata->refusal_has_code = false;
	skel->rodata->direct_reads = direct;
	if (object_load(skel->obj, "gtpu", &err))
		fprintf(stderr, "%s\n", err.text);
	assert_string_equal(err.text, "");
	*state = skel;
	return 0;
}

static int load_with_probe_reads(void **state)
{
	return load(state, false);
}

static int load_with_direct_reads(void **state)
{
	if (!features_direct_reads())
		skip();
	return load(state, true);
}

static int unload(void **state)
{
	gtpu_bpf__destroy(*state);
	return 0;
}

static void within_budget(void **state)
{
	struct gtpu_bpf *skel = *state;
	struct bpf_program *program;
	int checked = 0, over = 0;

	bpf_object__for_each_program(program, skel->obj) {
		const char *name = bpf_program__name(program);
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);

		if (!loads_anywhere(name))
			continue;
		assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &len), 0);
		printf("# %s %u of %u\n", name, info.verified_insns, budget_of("GTPU_BUDGET", name));
		over += info.verified_insns > budget_of("GTPU_BUDGET", name);
		checked++;
	}
	assert_int_equal(over, 0);
	assert_in_range(checked, 20, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"within_budget, probe reads", within_budget, load_with_probe_reads, unload, NULL},
		{"within_budget, direct reads", within_budget, load_with_direct_reads, unload, NULL},
	};

	if (geteuid()) {
		printf("1..0 # SKIP loading programs needs root\n");
		return 77;
	}
	return cmocka_run_group_tests_name("gtpu verifier", tests, NULL, NULL);
}
