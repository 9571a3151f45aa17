/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "args.h"
#include "argument_text.h"
#include "cleanup.h"
#include "cmd.h"
#include "filter_flags.h"
#include "trace.h"
#include "trace_keys.h"
#include "trace_release.h"
#include "watch_flags.h"

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
	"an event too, whatever filters are set: with old and new value, the task that asked for it, and of a FAR how "
	"many packets it kept and dropped since its change before (a handover: since it began to buffer).\n"
	"Events may be lost when they come faster than they are read; each one lost is counted in the "
	"ledger that ends the output. Filters work in the kernel: of the functions' packets, with one or "
	"more of them, the exits of those are all that is told.\n"
	"--contexts tells no packets but, at the end (with -o json: each second), every task that was on "
	"a CPU in one of the module's functions, as itself or interrupted.\n"
	"When the last device of a module goes, teide detaches from the module, and comes back with the next "
	"device. After --release it does so with the next new device.";

static const struct argp_option options[] = {
	{"contexts", KEY_CONTEXTS, NULL, 0, "list the tasks that were on the CPU in each function", 1},
	{"each-function", KEY_EACH_FUNCTION, NULL, 0, "events of the functions inside receive and transmit too", 1},
	{"seid", KEY_SEID, "SEID", 0, "only packets of this PFCP session (gtpu)", 1},
	{"verdict", KEY_VERDICT, "VERDICT", 0, "only packets of which this became (gtpu)", 1},
	{"reason", KEY_REASON, "REASON", 0, "only packets dropped for this (gtpu)", 1},
	{"sample", KEY_SAMPLE, "N", 0, "of the packets that are left, one in N (flow)", 1},
	{"release", KEY_RELEASE, NULL, 0,
	 "have every teide here detach from the gtp5g and gtp modules, so that they can be unloaded; then end", 1},
	{"slower-than", KEY_SLOWER_THAN, "TIME", 0, "only packets that took at least so long (gtpu)", 1},
	{0},
};

static const struct argp_child children[] = {{&watch_argp, 0, NULL, 0}, {&filter_argp, 0, NULL, 0}, {0}};

struct trace_flags {
	struct watch_flags watch;
	struct filter_flags filter;
	struct string_list flags; /* of gtpu or flow alone: "PROBE.KEY=VALUE" */
	bool contexts, release;
};

/* A flag is a key of a probe's configuration. */
static error_t add_probe_flag(struct trace_flags *t, const char *key, const char *value)
{
	return -string_list_add_format(&t->flags, "%s=%s", key, value);
}

static error_t parse_trace(int key, char *arg, struct argp_state *state)
{
	static const struct {
		int key;
		const char *name, *value; /* NULL: the argument */
	} flags[] = {
		{KEY_CONTEXTS, "gtpu.contexts", "functions"},
		{KEY_EACH_FUNCTION, "gtpu.each_function", "true"},
		{KEY_SEID, "gtpu.seid", NULL},
		{KEY_VERDICT, "gtpu.verdict", NULL},
		{KEY_REASON, "gtpu.reason", NULL},
		{KEY_SLOWER_THAN, "gtpu.slower_than", NULL},
		{KEY_SAMPLE, "flow.sample", NULL},
	};
	struct trace_flags *t = state->input;
	struct err err;

	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = &t->watch;
		state->child_inputs[1] = &t->filter;
		return 0;
	}
	if (key == KEY_SEID && refuse_zero_flag("seid", arg, &err) < 0)
		args_error(state, "%s", err.text);
	t->contexts |= key == KEY_CONTEXTS;
	if (key == KEY_RELEASE) {
		t->release = true;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].key == key)
			return add_probe_flag(t, flags[i].name, flags[i].value ? flags[i].value : arg);
	return ARGP_ERR_UNKNOWN;
}

static const struct argp trace_argp = {.options = options, .parser = parse_trace, .doc = doc, .children = children};

static int run_trace(struct trace_flags *t, struct err *err)
{
	static char *gtpu[] = {"gtpu", NULL}, *flow[] = {"flow", NULL};
	struct watch_flags *w = &t->watch;
	const struct string_list probes = w->probes.len			       ? w->probes
					  : w->interfaces.len || w->places.len ? (struct string_list){flow, 1}
									       : (struct string_list){gtpu, 1};
	int r = trace_keys_add(&w->keys, &probes, &t->flags, &t->filter, err);

	if (r == 0)
		r = watch_flags_load(w, &probes, err);
	return r < 0 ? r : trace_run(&(struct trace_task){&w->task, t->contexts}, err);
}

int cmd_trace(int argc, char **argv)
{
	struct trace_flags t = {0};
	struct err err = {0};
	int r;

	args_parse(&trace_argp, argc, argv, &t);
	r = t.release ? trace_release(t.watch.task.format == SINK_JSON, &err) : run_trace(&t, &err);
	watch_flags_free(&t.watch);
	filter_flags_free(&t.filter);
	string_list_free(&t.flags);
	return args_exit(r, &err);
}
