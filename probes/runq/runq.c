/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "object.h"
#include "pidns.h"
#include "runq.skel.h"
#include "runq_run.h"

#define OPTION(member) offsetof(struct runq_options, member)

static const struct config_option runq_option_table[] = {
	{.key = "pids",
	 .type = OPTION_LIST,
	 .offset = OPTION(pids),
	 .default_text = "",
	 .help = "processes to watch in any case, by number; the service watches those of the path"},
	{.key = "max_threads",
	 .type = OPTION_U64,
	 .offset = OPTION(max_threads),
	 .default_text = "1024",
	 .min = 1,
	 .max = 65536,
	 .help = "threads that there is room for, 400 bytes each on every CPU"},
	{0},
};

static const char *const hooks[RUNQ_PROGRAMS] = {"sched_wakeup", "sched_wakeup_new", "sched_switch"};

static int runq_detach(struct probe_run *run, struct err *err)
{
	for (size_t i = 0; i < RUNQ_PROGRAMS; i++) {
		bpf_link__destroy(run->links[i]);
		run->links[i] = NULL;
	}
	return 0;
}

static void runq_stop(struct probe_run *run)
{
	if (!run)
		return;
	runq_detach(run, NULL);
	gen_free(run->waits);
	runq_bpf__destroy(run->bpf);
	runq_watch_free(run);
	map_free(run->told);
	free(run);
}

DEFINE_CLEANUP(struct probe_run *, run, runq_stop)

static int size_maps(struct probe_run *run, struct err *err)
{
	int r = bpf_map__set_max_entries(run->bpf->maps.watched, RUNQ_PROCESSES);

	if (r == 0)
		r = bpf_map__set_max_entries(run->bpf->maps.threads, run->max_threads);
	if (r < 0)
		return err_set(err, r, "maps of %u threads: %s", run->max_threads, err_name(r));
	return gen_prepare(&run->waits, run->bpf->maps.waits, gen_room(run->max_threads), err);
}

static int load(struct probe_run *run, struct err *err)
{
	struct object_capture capture;
	int r;

	object_begin(&capture);
	run->bpf = runq_bpf__open();
	r = object_end(&capture, run->bpf ? 0 : -errno, "run-queue programs", err);
	if (r == 0)
		run->bpf->rodata->task_pidns = pidns_of_proc("");
	if (r == 0)
		r = size_maps(run, err);
	if (r == 0)
		r = object_load(run->bpf->skeleton, "run-queue programs", err);
	return r;
}

static void list_programs(const struct probe_run *run, struct bpf_program *ret[RUNQ_PROGRAMS])
{
	ret[0] = run->bpf->progs.runq_wakeup;
	ret[1] = run->bpf->progs.runq_wakeup_new;
	ret[2] = run->bpf->progs.runq_switch;
}

static int attach(struct probe_run *run, struct err *err)
{
	struct bpf_program *programs[RUNQ_PROGRAMS];
	struct object_capture capture;
	int r = 0;

	list_programs(run, programs);
	object_begin(&capture);
	for (size_t i = 0; r == 0 && i < RUNQ_PROGRAMS; i++) {
		run->links[i] = bpf_program__attach(programs[i]);
		r = run->links[i] ? 0 : -errno;
	}
	return object_end(&capture, r, "scheduler tracepoints", err);
}

static int runq_try(const void *options, enum attach_force attach, struct err *err)
{
	_cleanup_(cleanup_run) struct probe_run *run = calloc(1, sizeof(*run));
	int r = object_check_kernel(err);

	if (!run || r < 0)
		return r < 0 ? r : err_oom(err);
	run->max_threads = 1; /* the verifier does not look at the size of a map */
	return load(run, err);
}

static int runq_start(struct probe_run **ret, const struct probe_env *env, struct err *err)
{
	const struct runq_options *o = env->options;
	_cleanup_(cleanup_run) struct probe_run *run = calloc(1, sizeof(*run));
	int r = object_check_kernel(err);

	if (!run || r < 0)
		return r < 0 ? r : err_oom(err);
	run->max_threads = (uint32_t)o->max_threads;
	r = load(run, err);
	if (r == 0)
		r = gen_start(run->waits, err);
	if (r == 0)
		r = runq_rows_start(run, err);
	if (r == 0)
		r = runq_watch_start(run, &o->pids, err);
	if (r == 0)
		r = attach(run, err);
	if (r == 0)
		*ret = TAKE_PTR(run);
	return r;
}

static int runq_ring_fd(const struct probe_run *run)
{
	return -1;
}

static int runq_drain(struct probe_run *run, size_t max, event_fn emit, void *data)
{
	return 0;
}

static void runq_plan(struct probe_run *run, plan_fn fn, void *data)
{
	for (size_t i = 0; i < RUNQ_PROGRAMS; i++)
		fn(data, &(struct plan_row){
				 .hook = hooks[i], .method = "tp_btf", .reason = "the scheduler's own tracepoints"});
}

const struct probe probe_runq = {
	.name = "runq",
	.help = "how long the threads of the path wait for a CPU, and how long they run",
	.options = runq_option_table,
	.options_size = sizeof(struct runq_options),
	.check = runq_check,
	.try_load = runq_try,
	.start = runq_start,
	.ring_fd = runq_ring_fd,
	.drain = runq_drain,
	.collect = runq_collect,
	.watch = runq_watch,
	.ledger = runq_ledger_tell,
	.plan = runq_plan,
	.detach = runq_detach,
	.stop = runq_stop,
};
