/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cpu_context.h"
#include "gtpu_probe.h"
#include "gtpu.skel.h" /* its types are gtpu.h's */
#include "kernel_features.h"
#include "log.h"
#include "object.h"

#define TASKS_UNDER_WAY 4096

int gtpu_map(const struct probe_run *run, const char *name)
{
	return bpf_object__find_map_fd_by_name(run->skel->obj, name);
}

static void set_context(struct probe_run *run)
{
	struct gtpu_bpf *s = run->skel;
	struct cpu_context c = {0};

	cpu_context_find(&c);
	run->context_means = cpu_context_means(&c);
	s->rodata->context_count_address = c.context_count_address;
	s->rodata->context_cpu_offsets = c.context_cpu_offsets;
	s->rodata->context_by_tracepoint = c.context_by_tracepoint;
	bpf_program__set_autoload(s->progs.context_softirq_entry, c.context_by_tracepoint);
	bpf_program__set_autoload(s->progs.context_softirq_exit, c.context_by_tracepoint);
}

static void set_rules(struct probe_run *run)
{
	struct gtpu_bpf *s = run->skel;
	struct gtpu_layout layout;
	struct module_facts facts;

	for (size_t i = 0; i < run->n; i++)
		if (run->choices[i].method != PLAN_SKIP)
			s->rodata->hooked |= UINT64_C(1) << run->hooks[i].func_id;
	s->rodata->filter = run->filter;
	features_module("gtp5g", &facts);
	if (!facts.loaded || !gtpu_module_wanted(&run->options, GTPU_MODULE_GTP5G))
		return;
	run->layout = gtpu_layout_find(&facts, &layout, run->layout_reason);
	s->rodata->layout = layout;
	s->rodata->downlink_codes = (uint8_t)gtpu_codes_of(facts.version);
}

static void set_counts(struct probe_run *run, const struct probe_env *env)
{
	struct gtpu_bpf *s = run->skel;
	const struct gtpu_options *o = &run->options;

	s->rodata->contexts_of_packets = o->contexts != GTPU_CONTEXTS_OFF;
	s->rodata->contexts_of_calls = o->contexts == GTPU_CONTEXTS_OF_CALLS;
	s->rodata->notable_only = env->notable && !env->events;
	s->rodata->outlier_ns = o->outlier;
	s->rodata->notable_a_second = (uint32_t)o->events_per_second;
}

/* There a packet's place is its task's. */
static int set_places(struct probe_run *run, struct err *err)
{
	int r;

	if (access("/sys/kernel/realtime", F_OK) < 0)
		return 0;
	run->skel->rodata->preemptible = true;
	r = bpf_map__set_max_entries(run->skel->maps.gtpu_task_packets, TASKS_UNDER_WAY);
	return r < 0 ? err_set(err, r, "places for packets: %s", err_name(r)) : 0;
}

static int open_object(struct probe_run *run, const struct probe_env *env, struct err *err)
{
	struct object_capture capture;
	struct bpf_program *program;
	int r;

	object_begin(&capture);
	run->skel = gtpu_bpf__open();
	r = object_end(&capture, run->skel ? 0 : -errno, "opening the gtpu programs", err);
	if (r)
		return r;
	bpf_object__for_each_program(program, run->skel->obj)
		bpf_program__set_autoload(program, false);
	run->skel->rodata->probe_id = env->id;
	run->skel->rodata->events_wanted = env->events || env->notable;
	run->skel->rodata->each_function = run->options.each_function;
	run->skel->rodata->exits_hooked = run->options.exit;
	set_context(run);
	set_rules(run);
	set_counts(run, env);
	r = set_places(run, err);
	if (!r)
		r = ring_prepare(run->skel->obj, run->options.ring_size, err);
	return r ? r : gtpu_tables_prepare(&run->tables, run->skel->obj, &run->options, err);
}

static int load_object(struct probe_run *run, struct err *err)
{
	struct object_capture capture;
	int r;

	object_begin(&capture);
	r = attach_prepare(run->skel->obj, run->plan_hooks, run->choices, run->n, run->options.exit,
			   err);
	if (r) {
		object_end(&capture, 0, "", NULL);
		return r;
	}
	return object_end(&capture, gtpu_bpf__load(run->skel), "loading the gtpu programs", err);
}

static int attach_context(struct probe_run *run, struct err *err)
{
	struct bpf_program *programs[] = {run->skel->progs.context_softirq_entry,
					  run->skel->progs.context_softirq_exit};

	if (!run->skel->rodata->context_by_tracepoint)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		run->context_links[i] = bpf_program__attach(programs[i]);
		if (!run->context_links[i])
			return err_set(err, -errno, "softirq tracepoint: %s", err_name(-errno));
	}
	return 0;
}

static int start_counts(struct probe_run *run, struct err *err)
{
	int r = gtpu_latencies_start(gtpu_map(run, "gtpu_latencies"));

	if (r < 0)
		return err_set(err, r, "latencies: %s", err_name(r));
	return gtpu_tables_start(&run->tables, err);
}

/* With the hooks in place none is missed in between. What cannot be asked stays unknown. */
static void find_quotas(struct probe_run *run)
{
	struct err why = {0};
	int r;

	if (!(run->skel->rodata->hooked & UINT64_C(1) << URR_QUOTA_EXHAUST_ACTION))
		return;
	r = gtpu_quotas_find(gtpu_map(run, "gtpu_quotas"), &why);
	if (r < 0)
		log_debug("gtpu: which quotas were used up before: %s", why.text);
	run->skel->bss->quotas_known = r >= 0;
}

static int start_run(struct probe_run *run, const struct probe_env *env, struct err *err)
{
	struct object_capture capture;
	struct err why;
	int r = gtpu_filter_make(&run->options, &run->filter, err);

	if (!r)
		r = gtpu_plan_make(run, env->attach, err);
	if (!r)
		r = open_object(run, env, err);
	if (!r)
		r = load_object(run, err);
	if (!r)
		r = ring_open(&run->ring, run->skel->obj, err);
	if (!r)
		r = start_counts(run, err);
	if (!r)
		r = attach_context(run, err);
	if (r)
		return r;
	object_begin(&capture);
	r = attach_new(&run->attach, run->skel->obj, run->plan_hooks, run->choices, run->n,
		       run->options.exit, &why);
	r = object_end(&capture, r, r ? why.text : "", err);
	if (!r)
		find_quotas(run);
	return r;
}

static void gtpu_detach(struct probe_run *run)
{
	if (run->attach)
		attach_detach(run->attach);
	for (size_t i = 0; i < ARRAY_SIZE(run->context_links); i++) {
		bpf_link__destroy(run->context_links[i]);
		run->context_links[i] = NULL;
	}
}

static void gtpu_stop(struct probe_run *run)
{
	if (!run)
		return;
	gtpu_detach(run);
	attach_free(run->attach);
	ring_free(run->ring);
	gtpu_bpf__destroy(run->skel);
	gtpu_tables_free(&run->tables);
	free(run);
}

static int gtpu_start(struct probe_run **ret, const struct probe_env *env, struct err *err)
{
	struct probe_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->options = *(const struct gtpu_options *)env->options;
	run->events = env->events;
	r = start_run(run, env, err);
	if (r) {
		gtpu_stop(run);
		return r;
	}
	log_debug("gtpu: %zu hooks, context by %s", run->n, run->context_means);
	*ret = run;
	return 0;
}

static int gtpu_ring_fd(const struct probe_run *run)
{
	return ring_poll_fd(run->ring);
}

struct drain {
	struct probe_run *run;
	event_fn emit;
	void *data;
};

static void drain_record(void *data, const void *record, size_t len)
{
	struct drain *d = data;
	char netns[GTPU_NETNS_MAX];
	struct event e;

	if (gtpu_record_decode(record, len, &e, netns)) {
		d->run->bad_records++;
		return;
	}
	if (event_has(&e, F_NETNS))
		e.netns = gtpu_netns_name(&d->run->netns, "",
					  ((const struct gtpu_record *)record)->netns);
	d->emit(d->data, &e);
}

static int gtpu_drain(struct probe_run *run, event_fn emit, void *data)
{
	struct drain d = {.run = run, .emit = emit, .data = data};

	return ring_drain(run->ring, 0, drain_record, &d);
}

static int gtpu_collect(struct probe_run *run, event_fn emit, void *data)
{
	int r = gtpu_counts_collect(&run->counts, gtpu_map(run, "gtpu_counts"),
				    gtpu_map(run, "gtpu_usual_counts"), emit, data);

	gtpu_netns_forget(&run->netns);
	if (!r)
		r = gtpu_outcomes_collect(&run->outcomes, gtpu_map(run, "gtpu_outcomes"), emit,
					  data);
	if (!r)
		r = gtpu_latencies_collect(&run->latencies, gtpu_map(run, "gtpu_latencies"), emit,
					   data);
	return r ? r : gtpu_tables_collect(&run->tables, &run->netns, emit, data);
}

const struct probe probe_gtpu = {
	.name = "gtpu",
	.help = "the receive and transmit functions of the gtp and gtp5g kernel modules",
	.options = gtpu_option_table,
	.options_size = sizeof(struct gtpu_options),
	.describe = gtpu_describe,
	.start = gtpu_start,
	.ring_fd = gtpu_ring_fd,
	.drain = gtpu_drain,
	.collect = gtpu_collect,
	.ledger = gtpu_ledger_rows,
	.plan = gtpu_plan_rows,
	.detach = gtpu_detach,
	.stop = gtpu_stop,
};
