/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "preview.h"

#include <errno.h>
#include <string.h>

#include "adaptive.h"
#include "clock.h"
#include "loop.h"
#include "operator.h"
#include "pipeline.h"

struct look {
	struct loop *loop;
	struct operator *operator;
	struct pipeline *pipeline;
	struct string_list probes;
	uint64_t duration_ns; /* 0: by collections */
	uint64_t end_ns, collections;
};

static void ignore_event(void *data, const struct event *e)
{
}

static void on_row(void *data, const struct event *row)
{
	struct look *l = data;

	operator_row(l->operator, row);
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct look *l = data;

	operator_tick(l->operator, now_ns);
	operator_watch(l->operator, l->pipeline);
	if (l->collections)
		l->collections--;
	if (l->duration_ns ? now_ns >= l->end_ns : !l->collections)
		loop_stop(l->loop, 0);
}

static void on_signal(void *data, int signo)
{
	struct look *l = data;

	loop_stop(l->loop, 0);
}

/* As many collections as a need takes to be believed, after one that knows whom to watch. */
static uint64_t collections_wanted(const struct settings *settings)
{
	const struct sched_options *sched = config_get(settings->config, "sched");
	const struct adaptive_options *adaptive = config_get(settings->config, "sched.adaptive");

	return sched->strategy == SCHED_ADAPTIVE ? adaptive->confirm + 1 : 1;
}

static int watch(struct look *l, const struct settings *settings, struct err *err)
{
	const struct pipeline_options options = {
		.config = settings->config, .probes = &l->probes, .go_on_without = true,
		.collect_interval_ns = settings_run(settings)->collect_interval_ns,
		.on_event = ignore_event, .on_row = on_row, .on_collected = on_collected, .data = l};
	int r = pipeline_start(&l->pipeline, l->loop, &options, err), left;

	if (r < 0)
		return r;
	l->collections = collections_wanted(settings);
	l->end_ns = clock_boot_ns() + l->duration_ns;
	operator_tick(l->operator, clock_boot_ns());
	operator_watch(l->operator, l->pipeline);
	r = loop_run(l->loop);
	left = pipeline_finish(l->pipeline, err);
	operator_settle(l->operator, clock_boot_ns());
	return r < 0 ? err_set(err, r, "event loop: %s", err_name(r)) : left;
}

static int start(struct look *l, const struct settings *settings, struct err *err)
{
	l->loop = loop_new();
	if (!l->loop || !loop_add_end_signals(l->loop, on_signal, l))
		return err_set(err, -ENOMEM, "event loop: %s", strerror(errno));
	if (settings_probes(settings, true, &l->probes) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	return operator_start_dry(&l->operator, l->loop, settings, err);
}

void preview_free(struct preview *p)
{
	identity_free(p->identity);
	operator_free(p->operator);
	loop_free(p->loop);
}

int preview_run(const struct settings *settings, uint64_t duration_ns, struct preview *ret,
		struct err *err)
{
	struct look l = {.duration_ns = duration_ns};
	int r = start(&l, settings, err);

	if (r == 0)
		r = watch(&l, settings, err);
	*ret = (struct preview){.loop = l.loop, .operator = l.operator, .now_ns = clock_boot_ns()};
	settings_node(settings, ret->node);
	if (r >= 0) {
		ret->identity = identity_new(config_get(settings->config, "containers"));
		ret->roster = operator_roster(l.operator);
		ret->decision = operator_decision(l.operator);
		ret->measured = l.pipeline && pipeline_watches(l.pipeline);
	}
	pipeline_free(l.pipeline);
	string_list_free(&l.probes);
	return r;
}
