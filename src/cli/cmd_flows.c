/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "flow_table.h"
#include "quality_table.h"
#include "watch.h"

#define MAX_ROWS 65536
#define IDLE_NS (30 * NSEC_PER_SEC)
#define MAX_QUALITY 16384
#define QUALITY_IDLE_NS (300 * NSEC_PER_SEC) /* Echo is asked once a minute (TS 29.281 7.2.1) */

static const char doc[] =
	"Live flows and GTP-U tunnels on interfaces: who talks to whom in which tunnel, how much.\v"
	"In JSON each line is what one flow or tunnel counted since the collection before; the sums are "
	"exact. The ledger ends the output.";

static const struct argp_child children[] = {{&watch_argp, 0, NULL, 0}, {0}};

struct flows {
	struct watch watch;
	struct agg_flows *table;
	struct agg_quality *quality;
	size_t top;
};

static const struct argp_option options[] = {
	{"top", 'n', "N", 0, "tunnels and flows to show (20)", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct flows *f = state->input;
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &f->watch;
		return 0;
	case 'n':
		errno = 0;
		f->top = strtoul(arg, &end, 10);
		if (errno || *end || end == arg || !f->top)
			argp_error(state, "-n %s: it is a number from 1", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp flows_argp = {.options = options, .parser = parse, .doc = doc,
				       .children = children};

static void on_row(void *data, const struct event *e)
{
	struct flows *f = data;

	if (f->watch.format == SINK_JSON)
		sink_event(f->watch.sink, e);
	else if (!agg_quality_add(f->quality, e))
		agg_flows_add(f->table, e);
}

static void on_event(void *data, const struct event *e)
{
}

static void print_table(struct flows *f, uint64_t now_ns)
{
	_cleanup_(buf_free) struct buf out = {0};

	agg_flows_tick(f->table, now_ns);
	agg_quality_tick(f->quality, now_ns);
	if (isatty(STDOUT_FILENO))
		buf_str(&out, "\033[H\033[J");
	flow_table_print(f->table, f->top, &out);
	quality_table_print(f->quality, f->top, &out);
	sink_text(f->watch.sink, &out);
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct flows *f = data;

	if (f->watch.format == SINK_TEXT)
		print_table(f, now_ns);
	if (sink_flush(f->watch.sink) < 0 || f->watch.once)
		loop_stop(f->watch.loop, 0);
}

static int run(struct flows *f, struct err *err)
{
	static char *flow[] = {"flow", NULL};
	struct string_list probes = {flow, 1};
	int r = watch_prepare(&f->watch, err);

	if (r < 0)
		return r;
	if (f->watch.probes.len)
		probes = f->watch.probes;
	f->table = agg_flows_new(MAX_ROWS, IDLE_NS, clock_boot_ns());
	f->quality = agg_quality_new(MAX_QUALITY, QUALITY_IDLE_NS);
	if (!f->table || !f->quality)
		return err_set(err, -ENOMEM, "out of memory");
	const struct pipeline_options options = {
		.config = f->watch.settings.config, .probes = &probes, .attach = f->watch.attach,
		.collect_interval_ns = settings_run(&f->watch.settings)->collect_interval_ns,
		.on_event = on_event, .on_row = on_row, .on_collected = on_collected, .data = f};

	return watch_run(&f->watch, &options, err);
}

int cmd_flows(int argc, char **argv)
{
	struct flows f = {.top = 20};
	struct err err = {0};
	int r;

	argp_parse(&flows_argp, argc, argv, 0, NULL, &f);
	r = run(&f, &err);
	watch_free(&f.watch);
	agg_flows_free(f.table);
	agg_quality_free(f.quality);
	return watch_exit(r, &err);
}
