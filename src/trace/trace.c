/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "trace.h"

#include <errno.h>
#include <inttypes.h>

#include "cleanup.h"
#include "contexts.h"
#include "plural.h"
#include "rule_watch.h"

#define CONTEXTS_MAX 65536

struct trace {
	struct watch watch;
	struct agg_contexts *contexts; /* NULL: not asked for */
	struct rule_watch rules;
};

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

	if (t->contexts && agg_contexts_add(t->contexts, e) && t->watch.task->format == SINK_JSON)
		sink_event(t->watch.sink, e);
}

static bool on_drained(void *data, uint64_t complete_ns)
{
	struct trace *t = data;
	bool settled = rule_watch_settle(&t->rules, complete_ns);

	watch_flush(&t->watch);
	return !settled;
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct trace *t = data;

	rule_watch_collected(&t->rules);
	if (t->contexts)
		watch_flush(&t->watch);
	if (t->watch.task->once)
		session_stop(&t->watch.session, 0);
}

static void print_context(const struct agg_context *c, struct buf *out)
{
	buf_printf(out, "%-28s %-15s %8" PRIu32 " %8" PRIu32 " %4" PRIu32 "  %-8s %12" PRIu64 "\n", c->function,
		   c->comm, c->tgid, c->tid, c->cpu, event_context_name(c->context), c->calls);
}

static void print_contexts(struct trace *t)
{
	_cleanup_free_ const struct agg_context **list = NULL;
	_cleanup_(buf_free) struct buf out = {0};
	size_t n;

	if (!t->contexts || t->watch.task->format != SINK_TEXT || agg_contexts_sorted(t->contexts, &list, &n) < 0)
		return;
	buf_printf(&out, "%-28s %-15s %8s %8s %4s  %-8s %12s\n", "FUNCTION", "TASK", "TGID", "TID", "CPU", "CONTEXT",
		   "CALLS");
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

int trace_run(const struct trace_task *task, struct err *err)
{
	struct trace t = {.watch.on_finished = on_finished};
	const struct pipeline_options handlers = {.events = !task->contexts,
						  .on_event = on_event,
						  .on_row = on_row,
						  .on_drained = on_drained,
						  .on_collected = on_collected,
						  .data = &t};
	int r;

	if (task->contexts && !(t.contexts = agg_contexts_new(CONTEXTS_MAX)))
		return err_oom(err);
	if (handlers.events)
		rule_watch_begin(&t.rules, &task->watch->probes, on_rule, &t);
	r = watch_run(&t.watch, task->watch, &handlers, err);
	watch_free(&t.watch);
	rule_watch_free(&t.rules);
	agg_contexts_free(t.contexts);
	return r;
}
