/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "trace_rules.h"

#include <string.h>

#include "log.h"

void trace_rules_begin(struct trace_rules *t, struct watch *watch, const struct string_list *probes)
{
	struct err err = {0};

	t->watch = watch;
	for (size_t i = 0; i < probes->len; i++)
		if (!t->live && !strcmp(probes->items[i], "gtpu") &&
		    rules_live_new(&t->live, NULL, &err) < 0)
			log_debug("rules: %s", err.text);
}

void trace_rules_free(struct trace_rules *t)
{
	rules_live_free(t->live);
}

bool trace_rules_take(struct trace_rules *t, const struct event *e)
{
	return t->live && rules_live_take(t->live, e);
}

static void emit(void *data, const struct event *e)
{
	struct trace_rules *t = data;

	sink_event(t->watch->sink, e);
}

static void on_change(const struct rules_change *change, void *data)
{
	struct trace_rules *t = data;

	rules_change_event(rules_live_rules(t->live), change, emit, t);
}

static void more(void *data)
{
	struct trace_rules *t = data;

	pipeline_drain(t->watch->pipeline);
}

void trace_rules_settle(struct trace_rules *t)
{
	if (t->live)
		rules_live_settle(t->live, more, t, on_change, t);
}

void trace_rules_collected(struct trace_rules *t)
{
	struct err err = {0};

	if (!t->live || t->rescanned)
		return;
	t->rescanned = true;
	if (rules_live_rescan(t->live, more, t, on_change, t, &err) < 0)
		log_debug("%s", err.text);
}
