/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "operator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "decide.h"
#include "decider.h"
#include "discover.h"
#include "gthulhu.h"
#include "log.h"
#include "processes.h"

#define PROCESSES_MAX 4096
#define THREADS_MAX 1024
#define EVIDENCE_LIFE_NS (60 * NSEC_PER_SEC)

struct operator {
	struct sched_rules rules;
	struct processes *processes;
	struct discover *discover;
	struct decider *decider;
	struct gthulhu *gthulhu; /* NULL: nothing is sent */
	struct sched_decision decision; /* the last */
	size_t entries;     /* of the last list */
	int last_scan_error; /* logged when it changes, not each second */
};

static void log_reachable(void *data, const struct gthulhu_stats *stats)
{
	if (stats->reachable && !stats->foreign)
		log_info("api: the server takes strategies");
	else
		log_warning("api: %s", stats->last_error);
}

static int start_parts(struct operator *o, const struct settings *settings, struct err *err)
{
	const struct sched_options *sched = config_get(settings->config, "sched");
	const struct processes_limits limits = {PROCESSES_MAX, PROCESSES_MAX, THREADS_MAX,
						EVIDENCE_LIFE_NS};
	struct discover_options look = discover_defaults();
	int r = sched_rules_init(&o->rules, sched, err);

	if (r < 0)
		return r;
	look.names = (const char *const *)sched->names.items;
	look.n_names = sched->names.len;
	o->discover = discover_new(&look);
	o->processes = processes_new(&limits);
	if (!o->discover || !o->processes)
		return err_set(err, -ENOMEM, "out of memory");
	r = decider_new(&o->decider, settings->config, err);
	if (r >= 0)
		decider_place(o->decider, &o->rules);
	return r;
}

int operator_start_dry(struct operator **ret, struct loop *loop, const struct settings *settings,
		       struct err *err)
{
	struct operator *o = calloc(1, sizeof(*o));
	int r = o ? start_parts(o, settings, err) : err_set(err, -ENOMEM, "out of memory");

	if (r < 0)
		operator_free(o);
	else
		*ret = o;
	return r;
}

int operator_start(struct operator **ret, struct loop *loop, const struct settings *settings,
		   struct err *err)
{
	struct operator *o;
	int r = operator_start_dry(&o, loop, settings, err);

	if (r < 0)
		return r;
	r = gthulhu_start(&o->gthulhu, loop, config_get(settings->config, "api"), log_reachable, o,
			  err);
	if (r < 0)
		operator_free(o);
	else
		*ret = o;
	return r;
}

void operator_free(struct operator *o)
{
	if (!o)
		return;
	gthulhu_free(o->gthulhu);
	sched_decision_free(&o->decision);
	decider_free(o->decider);
	processes_free(o->processes);
	discover_free(o->discover);
	free(o);
}

void operator_row(struct operator *o, const struct event *row)
{
	processes_add_event(o->processes, row);
	decider_row(o->decider, row);
}

static void look_at_the_node(struct operator *o, uint64_t now_ns)
{
	_cleanup_(findings_free) struct findings found = {0};
	struct err err = {0};
	int r = discover_scan(o->discover, &found, &err);

	if (r >= 0 && found.namespaces_failed)
		r = -EPERM;
	if (r != o->last_scan_error && r < 0)
		log_warning("looking for processes: %s", err.text);
	o->last_scan_error = r;
	for (size_t i = 0; i < found.len; i++)
		processes_add(o->processes, &found.items[i].proc, found.items[i].kind, now_ns);
}

/* Rows speak of pids; who that is, /proc tells. */
static void resolve_pending(struct operator *o)
{
	size_t cursor = 0;
	struct proc proc;
	int32_t pid;

	while ((pid = processes_next_pending(o->processes, &cursor))) {
		if (proc_read("", pid, &proc) < 0 || !processes_put(o->processes, &proc))
			processes_ended(o->processes, pid);
	}
}

static void read_threads(struct operator *o, const struct process *p)
{
	const struct proc proc = {.pid = p->pid, .start_time = p->start_time};
	_cleanup_free_ struct proc_thread *threads = NULL;
	size_t n, left_out;

	if (proc_threads("", p->pid, THREADS_MAX, &threads, &n, &left_out) < 0)
		return;
	processes_set_threads(o->processes, &proc, threads, n, left_out);
}

/* Drops who has ended, notices a pid that is another's by now and a program that took the place of
 * another in its process, reads the threads of those chosen. */
static void refresh(struct operator *o)
{
	const struct process *p;
	size_t cursor = 0;
	struct proc proc;

	while ((p = processes_next(o->processes, &cursor))) {
		if (proc_read("", p->pid, &proc) < 0) {
			processes_ended(o->processes, p->pid);
			continue;
		}
		p = processes_put(o->processes, &proc);
		if (p && sched_chooses(&o->rules, p, NULL))
			read_threads(o, p);
	}
}

static void log_change(const struct operator *o, const struct sched_decision *d)
{
	if (d->list.len == o->entries)
		return;
	log_info("strategies: %zu threads of %zu processes", d->list.len, d->processes);
	if (d->left_out)
		log_warning("strategies: %zu threads left out; raise sched.max_threads", d->left_out);
}

static void decide(struct operator *o, uint64_t now_ns)
{
	struct sched_decision d = {0};
	struct err err = {0};

	if (decider_decide(o->decider, o->processes, &o->rules, now_ns, &d, &err) < 0 ||
	    (o->gthulhu && gthulhu_set(o->gthulhu, &d.list) < 0)) {
		sched_decision_free(&d);
		log_error("strategies: out of memory; the last list stays");
		return;
	}
	if (o->gthulhu)
		log_change(o, &d);
	o->entries = d.list.len;
	sched_decision_free(&o->decision);
	o->decision = d;
}

void operator_tick(struct operator *o, uint64_t now_ns)
{
	look_at_the_node(o, now_ns);
	resolve_pending(o);
	refresh(o);
	processes_age(o->processes, now_ns);
	decider_tick(o->decider, now_ns);
	decide(o, now_ns);
}

void operator_watch(struct operator *o, struct pipeline *pipeline)
{
	_cleanup_free_ uint32_t *tgids = calloc(processes_len(o->processes) + 1, sizeof(*tgids));
	const struct process *p;
	size_t cursor = 0, n = 0;

	decider_set_measured(o->decider, pipeline_watches(pipeline));
	while (tgids && (p = processes_next(o->processes, &cursor)))
		if (p->evidence & ~EVIDENCE_BIT(EVIDENCE_BYSTANDER))
			tgids[n++] = (uint32_t)p->pid;
	if (tgids)
		pipeline_watch(pipeline, tgids, n);
}

void operator_take_decision(struct operator *o, struct sched_decision *ret)
{
	*ret = o->decision;
	o->decision = (struct sched_decision){0};
}

void operator_withdraw(struct operator *o, uint64_t deadline_ns, void (*done)(void *data, int r),
		       void *data)
{
	gthulhu_withdraw(o->gthulhu, deadline_ns, done, data);
}
