/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "gthulhu.h"
#include "log.h"
#include "loop.h"
#include "operator.h"
#include "pipeline.h"
#include "sink.h"

#define WITHDRAW_DEADLINE_NS (5 * NSEC_PER_SEC)

struct agent {
	struct loop *loop;
	struct pipeline *pipeline;
	struct operator *operator; /* NULL: no strategies wanted */
	struct sink *sink;         /* NULL: no output wanted */
	bool ending;
};

static void on_event(void *data, const struct event *e)
{
	struct agent *a = data;

	if (a->sink)
		sink_event(a->sink, e);
}

static void on_row(void *data, const struct event *row)
{
	struct agent *a = data;

	if (a->operator)
		operator_row(a->operator, row);
	if (a->sink)
		sink_event(a->sink, row);
}

static void flush(void *data)
{
	struct agent *a = data;

	if (a->sink && sink_flush(a->sink) < 0) {
		log_error("standard output is gone; going on without");
		sink_free(a->sink);
		a->sink = NULL;
	}
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct agent *a = data;

	if (a->operator && !a->ending)
		operator_tick(a->operator, now_ns);
	flush(a);
}

static void on_withdrawn(void *data, int r)
{
	struct agent *a = data;

	if (r < 0)
		log_error("strategies could not be withdrawn: %s; the server keeps them until the next "
			  "list",
			  err_name(r));
	loop_stop(a->loop, 0);
}

static void on_signal(void *data, int signo)
{
	struct agent *a = data;

	if (a->ending) {
		loop_stop(a->loop, 0);
		return;
	}
	a->ending = true;
	log_info("ending");
	if (a->operator)
		operator_withdraw(a->operator, WITHDRAW_DEADLINE_NS, on_withdrawn, a);
	else
		loop_stop(a->loop, 0);
}

static void print_ledger(void *data, const char *probe, const struct ledger_row *row)
{
	struct agent *a = data;

	if (a->sink)
		sink_ledger(a->sink, probe, row);
}

static int start(struct agent *a, const struct settings *settings, struct err *err)
{
	const struct run_options *run = settings_run(settings);
	const struct gthulhu_options *api = config_get(settings->config, "api");
	char node[NODE_NAME_MAX];
	int r;
	const struct pipeline_options options = {
		.config = settings->config, .probes = &run->probes, .events = run->events,
		.go_on_without = true, .collect_interval_ns = run->collect_interval_ns,
		.on_event = on_event, .on_row = on_row, .on_drained = flush,
		.on_collected = on_collected, .data = a};

	signal(SIGPIPE, SIG_IGN);
	a->loop = loop_new();
	if (!a->loop || !loop_add_signal(a->loop, SIGINT, on_signal, a) ||
	    !loop_add_signal(a->loop, SIGTERM, on_signal, a))
		return err_set(err, -ENOMEM, "event loop: %s", strerror(errno));
	if (run->output != RUN_OUTPUT_NONE) {
		a->sink = sink_new(run->output == RUN_OUTPUT_JSON ? SINK_JSON : SINK_TEXT,
				   STDOUT_FILENO, settings_node(settings, node));
		if (!a->sink)
			return err_set(err, -ENOMEM, "out of memory");
	}
	if (run->strategies && api->enabled) {
		r = operator_start(&a->operator, a->loop, settings, err);
		if (r < 0)
			return r;
	}
	return pipeline_start(&a->pipeline, a->loop, &options, err);
}

int agent_run(const struct settings *settings, struct err *err)
{
	struct agent a = {0};
	int r = start(&a, settings, err);

	if (r >= 0) {
		log_info("running");
		if (a.operator)
			operator_tick(a.operator, clock_boot_ns());
		r = loop_run(a.loop);
		a.ending = true;
		pipeline_finish(a.pipeline);
		pipeline_ledger(a.pipeline, print_ledger, &a);
	}
	pipeline_free(a.pipeline);
	operator_free(a.operator);
	sink_free(a.sink);
	loop_free(a.loop);
	return r;
}
