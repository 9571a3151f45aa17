/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ledger: of what is seen of watched threads, what is counted and what is not. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "percpu.h"
#include "runq.skel.h"
#include "runq_run.h"

static const char *const places[RUNQ_HOOKS] = {
	[RUNQ_WAKEUP] = "woken",
	[RUNQ_SWITCH_TO] = "switched to",
	[RUNQ_SWITCH_FROM] = "switched from",
};
static const char *const reasons[RUNQ_SKIPS] = {
	[RUNQ_SKIP_BEGUN] = "begun_before",
	[RUNQ_SKIP_UNSEEN] = "unseen",
	[RUNQ_SKIP_AWAKE] = "awake_already",
	[RUNQ_SKIP_FULL] = "no_room",
};

/* Calls that no program was run for, since they interrupted that program on its CPU. The kernel counts them from 5.12
 * on. */
static void missed_row(const struct probe_run *run, ledger_fn fn, void *data)
{
	const struct bpf_program *const programs[RUNQ_PROGRAMS] = {
		run->bpf->progs.runq_wakeup, run->bpf->progs.runq_wakeup_new, run->bpf->progs.runq_switch};
	const uint32_t told_by = offsetof(struct bpf_prog_info, recursion_misses) + sizeof(uint64_t);
	struct ledger_row row = {.where = "programs", .name = "missed"};

	for (size_t i = 0; i < RUNQ_PROGRAMS; i++) {
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(programs[i]), &info, &len) < 0 || len < told_by)
			row.unknown = true;
		row.value += info.recursion_misses;
	}
	fn(data, &row);
}

void runq_ledger_tell(struct probe_run *run, ledger_fn fn, void *data)
{
	struct runq_ledger sum = {0};
	uint32_t zero = 0;
	bool unknown = percpu_sum(bpf_map__fd(run->bpf->maps.ledger), &zero, (uint64_t *)&sum,
				  sizeof(sum) / sizeof(uint64_t)) < 0;

	for (int hook = 0; hook < RUNQ_HOOKS; hook++) {
		fn(data, &(struct ledger_row){places[hook], "seen", NULL, sum.seen[hook], unknown});
		fn(data, &(struct ledger_row){places[hook], "counted", NULL, sum.counted[hook], unknown});
		for (int why = 0; why < RUNQ_SKIPS; why++)
			fn(data, &(struct ledger_row){places[hook], "skipped", reasons[why], sum.skipped[hook][why],
						      unknown});
	}
	missed_row(run, fn, data);
	fn(data, &(struct ledger_row){"processes", "refused", NULL, run->refused, false});
	fn(data, &(struct ledger_row){"rows", "refused", NULL, map_refused(run->told), false});
}
