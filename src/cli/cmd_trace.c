/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "contexts.h"
#include "filter_flags.h"
#include "parse.h"
#include "plural.h"
#include "rule_watch.h"
#include "trace_release.h"
#include "watch.h"

#define CONTEXTS_MAX 65536

enum {
	KEY_CONTEXTS = 512,
	KEY_EACH_FUNCTION,
	KEY_SEID,
	KEY_SAMPLE,
	KEY_VERDICT,
	KEY_REASON,
	KEY_SLOWER_THAN,
	KEY_RELEASE,
};

static const char doc[] =
	"Live events: packets at TC (--probe flow) and calls of the gtp5g/gtp module's functions "
	"(--probe gtpu, the default).\v"
	"With gtp5g each change of a rule (\"rule\": created, replaced, removed, refused) and each handover is "
	"an event too, whatever filters are set: with old and new value, who asked for it, and of a FAR how "
	"many packets it kept and dropped since its change before (a handover: since it began to buffer).\n"
	"Events may be lost when they come faster than they are read; each one lost is counted in the "
	"ledger that ends the output. Filters work in the kernel: of the functions' packets, with one or "
	"more of them, the exits of those are all that is told.\n"
	"--contexts tells no packets but, at the end (with -o json: each second), every task that was on "
	"a CPU in one of the module's functions, as itself or interrupted.\n"
	"When the last device of a module goes, teide lets go of the module, and comes back with the next "
	"device. After --release it does so with the next new device.";

static const struct argp_option options[] = {
	{"contexts", KEY_CONTEXTS, NULL, 0, "list who was on the CPU in each function", 1},
	{"each-function", KEY_EACH_FUNCTION, NULL, 0,
	 "events of the functions inside receive and transmit too", 1},
	{"seid", KEY_SEID, "SEID", 0, "only packets of this PFCP session (gtpu)", 1},
	{"verdict", KEY_VERDICT, "VERDICT", 0, "only packets of which this became (gtpu)", 1},
	{"reason", KEY_REASON, "REASON", 0, "only packets dropped for this (gtpu)", 1},
	{"sample", KEY_SAMPLE, "N", 0, "of the packets that are left, one in N (flow)", 1},
	{"release", KEY_RELEASE, NULL, 0,
	 "have every teide here let go of the gtp5g and gtp modules, so that they can be unloaded; then end", 1},
	{"slower-than", KEY_SLOWER_THAN, "TIME", 0, "only packets that took at least so long (gtpu)", 1},
	{0},
};

static const struct argp_child children[] = {{&watch_argp, 0, NULL, 0}, {&filter_argp, 0, NULL, 0}, {0}};

struct trace {
	struct watch watch;
	struct filter_flags filter;
	struct string_list flags; /* of gtpu or flow alone: "PROBE.KEY=VALUE" */
	struct agg_contexts *contexts; /* NULL: not asked for */
	bool wants_contexts, release;
	struct rule_watch rules;
};

/* A flag is a key of a probe's configuration. */
static error_t set(struct trace *t, const char *key, const char *value)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s=%s", key, value) < 0)
		return ENOMEM;
	return -string_list_add(&t->flags, text);
}

/* In gtpu's configuration 0 stands for any: as a flag it would choose nothing. */
static int refuse_zero(const char *flag, const char *value, struct err *err)
{
	uint64_t n;
	int r = parse_u64(value, 1, UINT64_MAX, &n, err);

	return r < 0 ? err_prefix(err, r, "--%s", flag) : 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const struct {
		int key;
		const char *name, *value; /* NULL: the argument */
	} flags[] = {
		{KEY_CONTEXTS, "gtpu.contexts", "functions"}, {KEY_EACH_FUNCTION, "gtpu.each_function", "true"},
		{KEY_SEID, "gtpu.seid", NULL}, {KEY_VERDICT, "gtpu.verdict", NULL},
		{KEY_REASON, "gtpu.reason", NULL}, {KEY_SLOWER_THAN, "gtpu.slower_than", NULL},
		{KEY_SAMPLE, "flow.sample", NULL},
	};
	struct trace *t = state->input;
	struct err err;

	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = &t->watch;
		state->child_inputs[1] = &t->filter;
		return 0;
	}
	if (key == KEY_SEID && refuse_zero("seid", arg, &err) < 0)
		args_error(state, "%s", err.text);
	t->wants_contexts |= key == KEY_CONTEXTS;
	if (key == KEY_RELEASE) {
		t->release = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].key == key)
			return set(t, flags[i].name, flags[i].value ? flags[i].value : arg);
	return ARGP_ERR_UNKNOWN;
}

static const struct argp trace_argp = {.options = options, .parser = parse, .doc = doc,
				       .children = children};

static void on_event(void *data, const struct event *e)
{
	struct trace *t = data;

	if (!rule_watch_take(&t->rules, e))
		sink_event(t->watch.sink, e);
}

static void on_rule(void *data, const struct event *e)
{
	struct trace *t = data;

	sink_event(t->watch.sink, e);
}

static void on_row(void *data, const struct event *e)
{
	struct trace *t = data;

	if (t->contexts && agg_contexts_add(t->contexts, e) && t->watch.format == SINK_JSON)
		sink_event(t->watch.sink, e);
}

static void flush(struct trace *t)
{
	if (sink_flush(t->watch.sink) < 0)
		loop_stop(t->watch.loop, 0);
}

static bool on_drained(void *data, uint64_t complete_ns)
{
	struct trace *t = data;
	bool settled = rule_watch_settle(&t->rules, complete_ns);

	flush(t);
	return !settled;
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct trace *t = data;

	rule_watch_collected(&t->rules);
	if (t->contexts)
		flush(t);
	if (t->watch.once)
		loop_stop(t->watch.loop, 0);
}

static void print_context(const struct agg_context *c, struct buf *out)
{
	buf_printf(out, "%-28s %-15s %8" PRIu32 " %8" PRIu32 " %4" PRIu32 "  %-8s %12" PRIu64 "\n",
		   c->function, c->comm, c->tgid, c->tid, c->cpu, event_context_name(c->context),
		   c->calls);
}

static void print_contexts(struct trace *t)
{
	_cleanup_free_ const struct agg_context **list = NULL;
	_cleanup_(buf_free) struct buf out = {0};
	size_t n;

	if (!t->contexts || t->watch.format != SINK_TEXT ||
	    agg_contexts_sorted(t->contexts, &list, &n) < 0)
		return;
	buf_printf(&out, "%-28s %-15s %8s %8s %4s  %-8s %12s\n", "FUNCTION", "TASK", "TGID", "TID",
		   "CPU", "CONTEXT", "CALLS");
	for (size_t i = 0; i < n; i++)
		print_context(list[i], &out);
	if (agg_contexts_refused(t->contexts))
		buf_printf(&out, "%" PRIu64 " call%s of more tasks than are listed\n",
			   agg_contexts_refused(t->contexts), plural(agg_contexts_refused(t->contexts)));
	sink_text(t->watch.sink, &out);
}

static void on_finished(void *data)
{
	struct trace *t = data;

	rule_watch_finish(&t->rules);
	print_contexts(t);
}

static bool is_of(const char *flag, const char *probe)
{
	size_t len = strlen(probe);

	return !strncmp(flag, probe, len) && flag[len] == '.';
}

/* A flag of a probe that does not run would choose nothing. */
static int add_flags(struct trace *t, const struct string_list *probes, struct err *err)
{
	for (size_t i = 0; i < t->flags.len; i++) {
		const char *flag = t->flags.items[i], *dot = strchr(flag, '.');
		int len = (int)(dot - flag);
		_cleanup_free_ char *key = NULL;
		bool runs = false;

		for (size_t p = 0; p < probes->len; p++)
			runs |= is_of(flag, probes->items[p]);
		if (!runs)
			return err_set(err, -EINVAL, "%s is a matter of the probe %.*s, which was not asked for: "
				       "--probe %.*s", dot + 1, len, flag, len, flag);
		if (asprintf(&key, "probes.%s", flag) < 0 || string_list_add(&t->watch.keys, key) < 0)
			return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* What both probes know by the same word goes to each; gtpu knows a TEID and a UE alone. */
static int add_filter(struct trace *t, const char *probe, struct err *err)
{
	bool is_gtpu = !strcmp(probe, "gtpu");
	int r = 0;

	for (size_t i = 0; i < t->filter.keys.len; i++) {
		const char *key = t->filter.keys.items[i];
		_cleanup_free_ char *text = NULL;

		if (is_gtpu && strcmp(key, "teid") && strcmp(key, "ue"))
			return err_set(err, -EINVAL, "--%s is a matter of the probe flow: --probe flow -i INTERFACE", key);
		if (is_gtpu && !strcmp(key, "teid"))
			r = refuse_zero(key, t->filter.values.items[i], err);
		if (r < 0)
			return r;
		if (asprintf(&text, "probes.%s.%s=%s", probe, key, t->filter.values.items[i]) < 0 ||
		    string_list_add(&t->watch.keys, text) < 0)
			return err_set(err, -ENOMEM, "out of memory");
	}
	return 0;
}

static int set_filters(struct trace *t, const struct string_list *probes, struct err *err)
{
	int r = add_flags(t, probes, err);

	for (size_t i = 0; i < probes->len && r == 0; i++)
		if (!strcmp(probes->items[i], "gtpu") || !strcmp(probes->items[i], "flow"))
			r = add_filter(t, probes->items[i], err);
	return r;
}

static int run(struct trace *t, struct err *err)
{
	static char *gtpu[] = {"gtpu", NULL}, *flow[] = {"flow", NULL};
	struct watch *w = &t->watch;
	const struct string_list probes = w->probes.len ? w->probes
					  : w->interfaces.len || w->places.len ? (struct string_list){flow, 1}
									       : (struct string_list){gtpu, 1};
	int r = set_filters(t, &probes, err);

	if (r == 0)
		r = watch_prepare(w, err);
	if (r < 0)
		return r;
	if (t->wants_contexts && !(t->contexts = agg_contexts_new(CONTEXTS_MAX)))
		return err_set(err, -ENOMEM, "out of memory");
	const struct pipeline_options options = {
		.config = w->settings.config, .probes = &probes, .attach = w->attach,
		.events = !t->contexts,
		.collect_interval_ns = settings_run(&w->settings)->collect_interval_ns,
		.on_event = on_event, .on_row = on_row, .on_drained = on_drained,
		.on_collected = on_collected, .data = t};

	w->on_finished = on_finished;
	if (options.events)
		rule_watch_begin(&t->rules, &probes, on_rule, t);
	return watch_run(w, &options, err);
}

int cmd_trace(int argc, char **argv)
{
	struct trace t = {0};
	struct err err = {0};
	int r;

	args_parse(&trace_argp, argc, argv, &t);
	r = t.release ? trace_release(t.watch.format == SINK_JSON, &err) : run(&t, &err);
	watch_free(&t.watch);
	string_list_free(&t.flags);
	string_list_free(&t.filter.keys);
	string_list_free(&t.filter.values);
	rule_watch_free(&t.rules);
	agg_contexts_free(t.contexts);
	return watch_exit(r, &err);
}
