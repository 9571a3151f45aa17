/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cmd.h"
#include "watch.h"

static const char doc[] =
	"Live events: packets at TC (--probe flow) and calls of the gtp5g/gtp module's functions "
	"(--probe gtpu, the default).\v"
	"Events may be lost when they come faster than they are read; each one lost is counted in the "
	"ledger that ends the output.";

static const struct argp_child children[] = {{&watch_argp, 0, NULL, 0}, {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

static const struct argp trace_argp = {.parser = parse, .doc = doc, .children = children};

static void on_event(void *data, const struct event *e)
{
	struct watch *w = data;

	sink_event(w->sink, e);
}

static void on_row(void *data, const struct event *e)
{
}

static void on_drained(void *data)
{
	struct watch *w = data;

	if (sink_flush(w->sink) < 0)
		loop_stop(w->loop, 0);
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct watch *w = data;

	if (w->once)
		loop_stop(w->loop, 0);
}

int cmd_trace(int argc, char **argv)
{
	static char *gtpu[] = {"gtpu", NULL}, *flow[] = {"flow", NULL};
	struct watch w = {0};
	struct err err = {0};
	struct string_list probes;
	int r;

	argp_parse(&trace_argp, argc, argv, 0, NULL, &w);
	r = watch_prepare(&w, &err);
	if (r >= 0) {
		probes = w.probes.len ? w.probes
			 : w.interfaces.len ? (struct string_list){flow, 1}
					    : (struct string_list){gtpu, 1};
		const struct pipeline_options options = {
			.config = w.settings.config, .probes = &probes, .attach = w.attach,
			.events = true,
			.collect_interval_ns = settings_run(&w.settings)->collect_interval_ns,
			.on_event = on_event, .on_row = on_row, .on_drained = on_drained,
			.on_collected = on_collected, .data = &w};

		r = watch_run(&w, &options, &err);
	}
	watch_free(&w);
	return watch_exit(r, &err);
}
