/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "cpu_context.h"
#include "gtpu_run.h"
#include "gtpu.skel.h" /* its types are gtpu.h's */
#include "kernel_features.h"
#include "log.h"
#include "object.h"
#include "ring_reader.h"

static const char *const module_choices[] = {"auto", "gtp", "gtp5g", NULL};

static const char *const verdict_choices[] = {
	"any", "unknown", "forwarded", "forwarded_n6", "forwarded_n9", "buffered", "to_user",
	"echo_answered", "dropped", NULL,
};

static const char *const reason_choices[] = {
	"any", "unknown", "no_pdr", "no_far", "far_drop", "no_outer_header_removal", "gate_closed",
	"qer_red", "no_ran_address", "no_route", "backlog_full", "malformed_short",
	"malformed_length", "malformed_extension", "not_ipv4", NULL,
};

_Static_assert(ARRAY_SIZE(verdict_choices) == GTPU_VERDICTS + 1, "enum gtpu_verdict");
_Static_assert(ARRAY_SIZE(reason_choices) == GTPU_REASONS + 1, "enum gtpu_reason");

static const struct config_option options[] = {
	{.key = "ring_size", .type = OPTION_SIZE,
	 .offset = offsetof(struct gtpu_options, ring_size),
	 .default_text = "256KiB", .min = 4096, .max = 1ULL << 30, .power_of_two = true,
	 .help = "size of the event ring; a larger one loses fewer events in a burst"},
	{.key = "exit", .type = OPTION_BOOL, .offset = offsetof(struct gtpu_options, exit),
	 .default_text = "true",
	 .help = "hook the functions' returns too: durations, return values, and the TEID and "
		 "outer addresses of the downlink, which are not known at entry"},
	{.key = "each_function", .type = OPTION_BOOL,
	 .offset = offsetof(struct gtpu_options, each_function), .default_text = "false",
	 .help = "events for the functions inside the receive and transmit path as well"},
	{.key = "module", .type = OPTION_CHOICE, .offset = offsetof(struct gtpu_options, module),
	 .default_text = "auto", .choices = module_choices,
	 .help = "which kernel module to watch; auto: whichever is loaded"},
	{.key = "teid", .type = OPTION_U64, .offset = offsetof(struct gtpu_options, teid),
	 .default_text = "0", .max = UINT32_MAX,
	 .help = "events only for exits of packets with this TEID; 0: any"},
	{.key = "seid", .type = OPTION_U64, .offset = offsetof(struct gtpu_options, seid),
	 .default_text = "0", .help = "events only for packets of this PFCP session; 0: any"},
	{.key = "ue", .type = OPTION_STRING, .offset = offsetof(struct gtpu_options, ue),
	 .default_text = "", .help = "events only for packets from or to this UE address"},
	{.key = "verdict", .type = OPTION_CHOICE, .offset = offsetof(struct gtpu_options, verdict),
	 .default_text = "any", .choices = verdict_choices,
	 .help = "events only for packets of which this became"},
	{.key = "reason", .type = OPTION_CHOICE, .offset = offsetof(struct gtpu_options, reason),
	 .default_text = "any", .choices = reason_choices,
	 .help = "events only for packets that were dropped for this"},
	{.key = "slower_than", .type = OPTION_DURATION,
	 .offset = offsetof(struct gtpu_options, slower_than), .default_text = "0s",
	 .help = "events only for packets that the module took at least this long for"},
	{0},
};

struct probe_run {
	struct gtpu_bpf *skel;
	struct attach *attach;
	struct ring *ring;
	struct bpf_link *context_links[2];
	struct gtpu_hook hooks[GTPU_HOOKS_MAX];
	struct plan_hook plan_hooks[GTPU_HOOKS_MAX];
	struct plan_choice choices[GTPU_HOOKS_MAX];
	size_t n;
	struct gtpu_options options;
	const char *context_means;
	struct gtpu_counts counts;
	struct gtpu_outcomes outcomes;
	struct gtpu_latency latencies[GTPU_FUNCS];
	struct gtpu_filter filter;
	const char *layout; /* NULL: gtp5g is not watched */
	char layout_reason[PLAN_REASON_MAX];
	struct gtpu_netns netns;
	uint64_t bad_records;
};

static const char *const modules[] = {"gtp", "gtp5g"};

static bool module_wanted(const struct gtpu_options *o, size_t i)
{
	return o->module == GTPU_MODULE_AUTO || o->module == GTPU_MODULE_GTP + i;
}

static void find_hooks(struct probe_run *run)
{
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		struct module_facts facts;

		features_module(modules[i], &facts);
		if (facts.loaded && module_wanted(&run->options, i))
			run->n += gtpu_hooks(modules[i], &run->options, facts.btf,
					     run->hooks + run->n, GTPU_HOOKS_MAX - run->n);
	}
	for (size_t i = 0; i < run->n; i++)
		run->plan_hooks[i] = run->hooks[i].hook;
}

static int no_module(const struct gtpu_options *o, const struct features *f, struct err *err)
{
	static const char *const load[] = {
		("neither the gtp nor the gtp5g module is loaded: modprobe gtp, or install and load "
		 "gtp5g"),
		"the gtp module is not loaded: modprobe gtp",
		"the gtp5g module is not loaded: install and load it (modprobe gtp5g)",
	};

	if (!f->fentry || !f->kprobe)
		return err_set(err, -EOPNOTSUPP, "%s", load[o->module]);
	return err_set(err, -EOPNOTSUPP, "%s; and this kernel could not hook its functions: "
		       "fentry: %s, kprobes: %s", load[o->module], err_name(f->fentry),
		       f->kprobe == -ENOENT ? "not built in" : err_name(f->kprobe));
}

static int check_features(const struct features *f, struct err *err)
{
	if (!f->cap_bpf || !f->cap_perfmon)
		return object_not_permitted("functions of a module", err);
	return object_check_kernel(err);
}

static int make_plan(struct probe_run *run, enum attach_force force, struct err *err)
{
	struct symbol_facts facts[GTPU_HOOKS_MAX];
	struct features f;
	int r;

	features_probe(&f);
	r = check_features(&f, err);
	if (r)
		return r;
	find_hooks(run);
	if (!run->n)
		return no_module(&run->options, &f, err);
	r = features_symbols(&f, run->plan_hooks, run->n, facts, err);
	if (r)
		return r;
	return plan_hooks(&f, run->plan_hooks, facts, run->n, (enum plan_method)force, run->choices,
			  err);
}

_Static_assert((int)ATTACH_FENTRY == (int)PLAN_FENTRY && (int)ATTACH_KPROBE == (int)PLAN_KPROBE &&
	       (int)ATTACH_TRACEPOINT == (int)PLAN_TRACEPOINT, "plan_method");

static void set_context(struct probe_run *run, bool events)
{
	struct gtpu_bpf *s = run->skel;
	struct cpu_context c = {0};

	if (events)
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
	if (!facts.loaded || !module_wanted(&run->options, GTPU_MODULE_GTP5G - GTPU_MODULE_GTP))
		return;
	run->layout = gtpu_layout_find(&facts, &layout, run->layout_reason);
	s->rodata->layout = layout;
	s->rodata->downlink_codes = (uint8_t)gtpu_codes_of(facts.version);
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
	run->skel->rodata->events_wanted = env->events;
	run->skel->rodata->each_function = run->options.each_function;
	run->skel->rodata->exits_hooked = run->options.exit;
	set_context(run, env->events);
	set_rules(run);
	return ring_prepare(run->skel->obj, run->options.ring_size, err);
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

static int start_run(struct probe_run *run, const struct probe_env *env, struct err *err)
{
	struct object_capture capture;
	struct err why;
	int r = gtpu_filter_make(&run->options, &run->filter, err);

	if (!r)
		r = make_plan(run, env->attach, err);
	if (!r)
		r = open_object(run, env, err);
	if (!r)
		r = load_object(run, err);
	if (!r)
		r = ring_open(&run->ring, run->skel->obj, err);
	if (!r)
		r = attach_context(run, err);
	if (r)
		return r;
	object_begin(&capture);
	r = attach_new(&run->attach, run->skel->obj, run->plan_hooks, run->choices, run->n,
		       run->options.exit, &why);
	return object_end(&capture, r, r ? why.text : "", err);
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
	free(run);
}

static int gtpu_start(struct probe_run **ret, const struct probe_env *env, struct err *err)
{
	struct probe_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->options = *(const struct gtpu_options *)env->options;
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
	int r = gtpu_counts_collect(&run->counts, bpf_map__fd(run->skel->maps.gtpu_counts), emit,
				    data);

	gtpu_netns_forget(&run->netns);
	if (!r)
		r = gtpu_outcomes_collect(&run->outcomes,
					  bpf_map__fd(run->skel->maps.gtpu_outcomes), emit, data);
	return r ? r :
		   gtpu_latencies_collect(run->latencies,
					  bpf_map__fd(run->skel->maps.gtpu_latencies), emit, data);
}

static void row(ledger_fn fn, void *data, const char *where, const char *name, const char *reason,
		uint64_t value)
{
	fn(data, &(struct ledger_row){.where = where, .name = name, .reason = reason,
				      .value = value});
}

/* Calls that the hook's program was not run for, and with them all calls. */
static void missed_rows(const struct probe_run *run, size_t i, enum attach_side side,
			const char *where, uint64_t seen, ledger_fn fn, void *data)
{
	struct ledger_row r = {.where = where, .name = "missed"};

	r.unknown = attach_missed(run->attach, i, side, &r.value) != 0;
	fn(data, &r);
	r.name = "calls";
	r.value += seen;
	fn(data, &r);
}

static void hook_rows(struct probe_run *run, size_t i, const struct gtpu_hook_ledger *l,
		      ledger_fn fn, void *data)
{
	const struct gtpu_hook *h = &run->hooks[i];
	const char *where = h->hook.function;
	bool paired = run->options.exit && h->hook.exits;
	uint64_t closed = l->paired + l->no_exit;
	uint64_t open = l->entries > closed ? l->entries - closed : 0;

	missed_rows(run, i, ATTACH_ENTRY, where, l->entries, fn, data);
	row(fn, data, where, "seen", NULL, l->entries);
	row(fn, data, where, "counted", NULL, paired ? l->paired : l->entries - l->foreign);
	if (paired) {
		row(fn, data, where, "skipped", "no_exit", l->no_exit);
		row(fn, data, where, "pending", NULL, open);
	}
	if (h->without_btf)
		row(fn, data, where, "skipped", "other_packet", l->foreign);
	row(fn, data, where, "unread", "headers_not_linear", l->unread);
	row(fn, data, where, "uncounted", "count_table_full", l->uncounted);
}

static void return_rows(struct probe_run *run, size_t i, const struct gtpu_hook_ledger *l,
			ledger_fn fn, void *data)
{
	char where[64];

	snprintf(where, sizeof(where), "%s return", run->hooks[i].hook.function);
	missed_rows(run, i, ATTACH_EXIT, where, l->exits, fn, data);
	row(fn, data, where, "seen", NULL, l->exits);
	row(fn, data, where, "counted", NULL, l->paired);
	row(fn, data, where, "skipped", "no_entry", l->no_entry);
}

static void ring_rows(struct probe_run *run, ledger_fn fn, void *data)
{
	struct ring_counts c;

	if (ring_counts(run->ring, &c))
		return;
	row(fn, data, "ring", "emitted", NULL, c.emitted);
	row(fn, data, "ring", "delivered", NULL, c.delivered);
	row(fn, data, "ring", "pending", NULL, c.pending);
	for (int i = 0; i < RING_LOST_MAX; i++)
		row(fn, data, "ring", "lost", ring_lost_name((enum ring_lost)i), c.lost[i]);
	row(fn, data, "ring", "undecoded", NULL, run->bad_records);
}

static void gtpu_ledger(struct probe_run *run, ledger_fn fn, void *data)
{
	for (size_t i = 0; i < run->n; i++) {
		uint32_t key = run->hooks[i].func_id;
		struct gtpu_hook_ledger l;

		if (run->choices[i].method == PLAN_SKIP ||
		    gtpu_percpu_sum(bpf_map__fd(run->skel->maps.gtpu_ledger), &key, (uint64_t *)&l,
				    sizeof(l) / sizeof(uint64_t)))
			continue;
		hook_rows(run, i, &l, fn, data);
		if (run->options.exit && run->hooks[i].hook.exits)
			return_rows(run, i, &l, fn, data);
	}
	ring_rows(run, fn, data);
}

static void gtpu_plan(struct probe_run *run, plan_fn fn, void *data)
{
	for (size_t i = 0; i < run->n; i++)
		fn(data, &(struct plan_row){.hook = run->hooks[i].hook.function,
					    .method = plan_method_name(run->choices[i].method),
					    .reason = run->choices[i].reason});
	if (run->layout)
		fn(data, &(struct plan_row){.hook = "rules", .method = run->layout,
					    .reason = run->layout_reason});
	fn(data, &(struct plan_row){.hook = "context", .method = run->context_means,
				    .reason = "tells process, softirq and hardirq apart"});
}

static int gtpu_describe(const void *options, enum attach_force attach, plan_fn fn, void *data,
			 struct err *err)
{
	struct probe_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->options = *(const struct gtpu_options *)options;
	r = make_plan(run, attach, err);
	/* With choices made, a required hook failed, and its row says so. */
	if (run->n && run->choices[0].method != PLAN_AUTO)
		r = 0;
	for (size_t i = 0; !r && i < run->n; i++)
		fn(data, &(struct plan_row){.hook = run->hooks[i].hook.function,
					    .method = plan_method_name(run->choices[i].method),
					    .reason = run->choices[i].reason,
					    .module = run->hooks[i].hook.module});
	free(run);
	return r;
}

const struct probe probe_gtpu = {
	.name = "gtpu",
	.help = "the receive and transmit functions of the gtp and gtp5g kernel modules",
	.options = options,
	.options_size = sizeof(struct gtpu_options),
	.describe = gtpu_describe,
	.start = gtpu_start,
	.ring_fd = gtpu_ring_fd,
	.drain = gtpu_drain,
	.collect = gtpu_collect,
	.ledger = gtpu_ledger,
	.plan = gtpu_plan,
	.detach = gtpu_detach,
	.stop = gtpu_stop,
};
