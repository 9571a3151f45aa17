/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "filter_flags.h"
#include "flows.h"
#include "parse.h"
#include "watch_flags.h"

static const char doc[] =
	"Live flows and GTP-U tunnels on interfaces: which addresses talk to which in which tunnel, how much.\v"
	"In JSON each line is what one flow or tunnel counted since the collection before; the sums are "
	"exact. What is not chosen is left out of the view alone: the ledger, which ends the output, has all. Where it "
	"is chosen by what is inside, a tunnel counts the packets that were chosen.";

static const struct argp_child children[] = {{&watch_argp, 0, NULL, 0}, {&filter_argp, 0, NULL, 0}, {0}};

struct flows_flags {
	struct watch_flags watch;
	struct filter_flags filter;
	struct flow_view view;
};

enum { KEY_SORT = 512, KEY_PER_CPU };

static const struct argp_option options[] = {
	{"top", 'n', "N", 0, "lines of each table (as many as fit the terminal, else 20)", 1},
	{"sort", KEY_SORT, "KEY", 0, "by bit/s (rate, the default), packets/s (packet-rate), bytes, packets, or last",
	 1},
	{"per-cpu", KEY_PER_CPU, NULL, 0, "what each CPU counted, apart", 1},
	{0},
};

static error_t parse_sort(struct argp_state *state, const char *arg, enum agg_sort *ret)
{
	static const char *const names[AGG_SORTS] = {"rate", "packet-rate", "bytes", "packets", "last"};

	for (unsigned i = 0; i < AGG_SORTS; i++) {
		if (!strcmp(arg, names[i])) {
			*ret = i;
			return 0;
		}
	}
	args_error(state, "--sort %s: it is rate, packet-rate, bytes, packets or last", arg);
	return EINVAL;
}

static error_t parse_top(struct argp_state *state, const char *arg, size_t *ret)
{
	struct err err;
	uint64_t n;

	if (parse_u64(arg, 1, SIZE_MAX, &n, &err) < 0)
		args_error(state, "--top: %s", err.text);
	*ret = n;
	return 0;
}

static error_t parse_flows(int key, char *arg, struct argp_state *state)
{
	struct flows_flags *f = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &f->watch;
		state->child_inputs[1] = &f->filter;
		return 0;
	case 'n':
		return parse_top(state, arg, &f->view.top);
	case KEY_SORT:
		return parse_sort(state, arg, &f->view.sort);
	case KEY_PER_CPU:
		f->view.per_cpu = true;
		return -string_list_add(&f->watch.keys, "probes.flow.per_cpu=true");
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp flows_argp = {.options = options, .parser = parse_flows, .doc = doc, .children = children};

static int run_flows(struct flows_flags *f, struct err *err)
{
	static char *flow[] = {"flow", NULL};
	const struct string_list probes = {flow, 1};
	struct event_filter filter = {0};
	const struct flows_task task = {
		.watch = &f->watch.task, .filter = f->filter.keys.len ? &filter : NULL, .view = f->view};
	int r = 0;

	for (size_t i = 0; i < f->filter.keys.len && r == 0; i++)
		r = event_filter_set(&filter, f->filter.keys.items[i], f->filter.values.items[i], err);
	if (r == 0)
		r = watch_flags_load(&f->watch, &probes, err);
	return r < 0 ? r : flows_run(&task, err);
}

int cmd_flows(int argc, char **argv)
{
	struct flows_flags f = {0};
	struct err err = {0};
	int r;

	args_parse(&flows_argp, argc, argv, &f);
	r = run_flows(&f, &err);
	watch_flags_free(&f.watch);
	filter_flags_free(&f.filter);
	return args_exit(r, &err);
}
