/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs come and go with the module that they hook; the maps stay. So these are an object of their
 * own, which has no programs, and each object of programs is given them. */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "context_programs.h"
#include "cpu_context.h"
#include "gtpu_run.h"
#include "gtpu.skel.h" /* its types are gtpu.h's */
#include "gtpu_maps.skel.h"
#include "kernel_btf.h"
#include "kernel_features.h"
#include "log.h"
#include "object.h"
#include "pidns.h"

#define TASKS_UNDER_WAY 4096

DEFINE_CLEANUP(struct attach_targets *, targets, attach_targets_free)
DEFINE_CLEANUP(struct btf *, kernel_btf, kernel_btf_put)

/* What they hold is of the module as it is loaded now, or of the programs at hand. */
static const char *const passing_maps[] = {"context_softirq", "gtpu_fars", "gtpu_quotas", "gtpu_urr_asked"};

int gtpu_map(const struct probe_run *run, const char *name)
{
	return bpf_object__find_map_fd_by_name(run->maps->obj, name);
}

static void load_none(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, false);
}

static int open_programs(struct gtpu_bpf **ret, struct err *err)
{
	struct object_capture capture;
	int r = attach_take_sections(err);

	if (r)
		return r;
	object_begin(&capture);
	*ret = gtpu_bpf__open();
	r = object_end(&capture, *ret ? 0 : -errno, "opening the gtpu programs", err);
	if (!r)
		load_none((*ret)->obj);
	return r;
}

static int open_maps(struct gtpu_maps_bpf **ret, struct err *err)
{
	struct object_capture capture;
	int r;

	object_begin(&capture);
	*ret = gtpu_maps_bpf__open();
	r = object_end(&capture, *ret ? 0 : -errno, "opening the gtpu maps", err);
	if (!r)
		load_none((*ret)->obj);
	return r;
}

/* There a packet's place is its task's, until the packet's exit. Without exits the oldest places make room for
 * new ones. */
static int set_places(struct gtpu_maps_bpf *skel, bool exits_hooked, struct err *err)
{
	int r = 0;

	if (!features_realtime(""))
		return 0;
	skel->rodata->preemptible = true;
	if (!exits_hooked)
		r = bpf_map__set_type(skel->maps.gtpu_task_packets, BPF_MAP_TYPE_LRU_HASH);
	if (r >= 0)
		r = bpf_map__set_max_entries(skel->maps.gtpu_task_packets, TASKS_UNDER_WAY);
	return r < 0 ? err_set(err, r, "places for packets: %s", err_name(r)) : 0;
}

static int start_counts(struct probe_run *run, struct err *err)
{
	int r = gtpu_latencies_start(gtpu_map(run, "gtpu_latencies"));

	if (r < 0)
		return err_set(err, r, "latencies: %s", err_name(r));
	return gtpu_tables_start(&run->tables, err);
}

int gtpu_maps_load(struct probe_run *run, struct err *err)
{
	int r = open_maps(&run->maps, err);

	if (!r)
		r = set_places(run->maps, run->options.exit, err);
	if (!r)
		r = ring_prepare(run->maps->obj, run->options.ring_size, err);
	if (!r)
		r = gtpu_tables_prepare(&run->tables, run->maps->obj, &run->options, err);
	if (!r)
		r = object_load(run->maps->skeleton, "making the gtpu maps", err);
	if (!r)
		r = ring_open(&run->ring, run->maps->obj, err);
	return r ? r : start_counts(run, err);
}

static bool is_passing(const struct bpf_map *map)
{
	for (size_t i = 0; i < ARRAY_SIZE(passing_maps); i++)
		if (!strcmp(bpf_map__name(map), passing_maps[i]))
			return true;
	return bpf_map__is_internal(map);
}

static int share_maps(struct probe_run *run, struct err *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, run->skel->obj) {
		int r = is_passing(map) ? 0 : bpf_map__reuse_fd(map, gtpu_map(run, bpf_map__name(map)));

		if (r < 0)
			return err_set(err, r, "map %s: %s", bpf_map__name(map), err_name(r));
	}
	return 0;
}

static void set_context(struct probe_run *run)
{
	struct gtpu_bpf *s = run->skel;
	struct cpu_context c = {0};

	cpu_context_find(&c);
	run->context_means = cpu_context_means(&c);
	s->rodata->task_pidns = pidns_of_proc("");
	CONTEXT_PREPARE(s, &c);
}

static int set_layout(struct probe_run *run, struct gtpu_layout *ret, struct err *err)
{
	const char *file = run->options.module_btf;
	struct module_facts facts;

	features_module(gtpu_modules[GTPU_GTP5G], &facts);
	run->skel->rodata->downlink_codes = (uint8_t)gtpu_codes_of(facts.version);
	run->skel->rodata->refusal_has_code = gtpu_refusal_has_code(facts.version);
	run->check.qer_era = gtp5g_qer_era(facts.version);
	run->layout = gtpu_layout_find(&facts, file, ret, run->layout_reason, err);
	run->layout_own = run->layout && !strcmp(run->layout, "btf") &&
			  (gtpu_layout_is_own(&facts) || gtpu_build_of(file) == GTPU_BUILD_SAME);
	return run->layout ? 0 : -EINVAL;
}

static int set_rules(struct probe_run *run, unsigned mask, struct err *err)
{
	struct gtpu_bpf *s = run->skel;
	struct gtpu_layout layout = {0};
	int r = 0;

	for (size_t i = 0; i < run->n; i++)
		if (run->choices[i].method != PLAN_SKIP)
			s->rodata->hooked |= UINT64_C(1) << run->hooks[i].func_id;
	s->rodata->filter = run->filter;
	if (mask & 1U << GTPU_GTP5G)
		r = set_layout(run, &layout, err);
	if (r)
		return r;
	s->rodata->layout = layout;
	gtpu_check_prepare(run, &layout);
	return 0;
}

static void set_counts(struct probe_run *run)
{
	struct gtpu_bpf *s = run->skel;
	const struct gtpu_options *o = &run->options;

	s->rodata->contexts_of_packets = o->contexts != GTPU_CONTEXTS_OFF;
	s->rodata->contexts_of_calls = o->contexts == GTPU_CONTEXTS_OF_CALLS;
	s->rodata->notable_only = run->env.notable && !run->env.events;
	s->rodata->outlier_ns = o->outlier;
	s->rodata->notable_a_second = (uint32_t)o->events_per_second;
}

static int set_up(struct probe_run *run, unsigned mask, struct err *err)
{
	int r = open_programs(&run->skel, err);

	if (r)
		return r;
	run->skel->rodata->probe_id = run->env.id;
	run->skel->rodata->events_wanted = run->env.events || run->env.notable;
	run->skel->rodata->each_function = run->options.each_function;
	run->skel->rodata->exits_hooked = run->options.exit;
	run->skel->rodata->preemptible = run->maps->rodata->preemptible;
	run->skel->rodata->direct_reads = features_direct_reads();
	set_context(run);
	set_counts(run);
	r = set_rules(run, mask, err);
	return r ? r : share_maps(run, err);
}

/* Beside those of the hook: the context's, which name no function. */
static void leave_out_others(struct gtpu_bpf *skel, const struct gtpu_hook *only)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, skel->obj) {
		const char *name = bpf_program__name(program), *function = strchr(name, '_');

		if (program != skel->progs.context_softirq_entry && program != skel->progs.context_softirq_exit &&
		    function && strcmp(function + 1, only->hook.function) != 0)
			bpf_program__set_autoload(program, false);
	}
}

static int load_object(struct probe_run *run, const struct gtpu_hook *only, struct err *err)
{
	const struct hook_plan plan = gtpu_hook_plan(run);
	_cleanup_(cleanup_targets) struct attach_targets *targets = NULL;
	struct object_capture capture;
	int r = attach_prepare(&targets, run->skel->obj, &plan, err);

	if (r)
		return r;
	if (only)
		leave_out_others(run->skel, only);
	object_begin(&capture);
	return object_end(&capture, gtpu_bpf__load(run->skel), "loading the gtpu programs", err);
}

/* With the hooks in place none is missed in between. What cannot be asked stays unknown. */
static void find_quotas(struct probe_run *run)
{
	struct err why = {0};
	int r;

	if (!(run->skel->rodata->hooked & UINT64_C(1) << URR_QUOTA_EXHAUST_ACTION))
		return;
	r = gtpu_quotas_find(bpf_map__fd(run->skel->maps.gtpu_quotas), &why);
	if (r < 0)
		log_debug("gtpu: which quotas were used up before: %s", why.text);
	run->skel->bss->quotas_known = r >= 0;
}

static struct gtpu_told *told_of(struct probe_run *run, const struct gtpu_hook *hook)
{
	size_t i = 0;

	while (i < run->n_told && run->told[i].hook.func_id != hook->func_id)
		i++;
	if (i == run->n_told)
		run->told[run->n_told++].hook = *hook;
	return &run->told[i];
}

static int attach_hooks(struct probe_run *run, struct err *err)
{
	const struct hook_plan plan = gtpu_hook_plan(run);
	struct object_capture capture;
	struct err why;
	int r;

	object_begin(&capture);
	r = attach_new(&run->attach, run->skel->obj, &plan, &why);
	r = object_end(&capture, r, r ? why.text : "", err);
	for (size_t i = 0; !r && i < run->n; i++)
		if (run->choices[i].method != PLAN_SKIP)
			told_of(run, &run->hooks[i]);
	return r;
}

int gtpu_programs_try(struct probe_run *run, unsigned mask, const struct gtpu_hook *only, struct err *err)
{
	int r = set_up(run, mask, err);

	if (!r)
		r = load_object(run, only, err);
	gtpu_bpf__destroy(run->skel);
	run->skel = NULL;
	run->layout = NULL;
	return r;
}

int gtpu_programs_attach(struct probe_run *run, unsigned mask, struct err *err)
{
	/* All that looks types up in between shares them. */
	_cleanup_(cleanup_kernel_btf) __attribute__((unused)) struct btf *held = kernel_btf_get();
	int r = gtpu_plan_make(run, run->env.attach, mask, err);

	if (!r)
		r = set_up(run, mask, err);
	if (!r)
		r = load_object(run, NULL, err);
	if (!r)
		r = context_programs_attach(run->skel->obj, run->context_links, err);
	if (!r)
		r = attach_hooks(run, err);
	if (r) {
		gtpu_programs_free(run);
		return r;
	}
	find_quotas(run);
	gtpu_check_begin(run);
	return 0;
}

void gtpu_programs_detach(struct probe_run *run)
{
	if (run->attach)
		attach_detach(run->attach);
	gtpu_check_end(run);
	context_programs_detach(run->context_links);
}

static void keep_missed(struct probe_run *run, size_t i)
{
	struct gtpu_told *told = told_of(run, &run->hooks[i]);

	for (int side = ATTACH_ENTRY; side <= ATTACH_EXIT; side++) {
		uint64_t missed = 0;

		told->unknown[side] |= attach_missed(run->attach, i, side, &missed) != 0;
		told->missed[side] += missed;
	}
}

/* They are off, or on their way. */
static void free_programs(struct probe_run *run)
{
	for (size_t i = 0; run->attach && i < run->n; i++)
		if (run->choices[i].method != PLAN_SKIP)
			keep_missed(run, i);
	attach_free(run->attach);
	run->attach = NULL;
	gtpu_bpf__destroy(run->skel);
	run->skel = NULL;
	run->layout = NULL;
	run->n = 0;
}

void gtpu_programs_free(struct probe_run *run)
{
	uint64_t began = clock_boot_ns(), detached;
	size_t n = run->n;

	closer_free(TAKE_PTR(run->leaving));
	gtpu_programs_detach(run);
	detached = clock_boot_ns();
	free_programs(run);
	if (n)
		log_debug("gtpu: %zu hooks: detached in %" PRIu64 " ms, freed in %" PRIu64 " ms", n,
			  (detached - began) / NSEC_PER_MSEC, (clock_boot_ns() - detached) / NSEC_PER_MSEC);
}

void gtpu_programs_leave(struct probe_run *run)
{
	closer_free(TAKE_PTR(run->leaving));
	if (run->attach)
		run->leaving = attach_detach_aside(run->attach);
	gtpu_programs_detach(run);
	free_programs(run);
}
