/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "operator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "backends.h"
#include "clock.h"
#include "decide.h"
#include "discover.h"
#include "log.h"
#include "processes.h"

#define PROCESSES_MAX 4096
#define THREADS_MAX 1024
#define EVIDENCE_LIFE_NS (60 * NSEC_PER_SEC)

struct operator {
	struct sched_rules rules;
	struct processes *processes;
	struct discover *discover;
	struct backend *backend; /* NULL: only to look */
	size_t entries;     /* of the last list */
	int last_scan_error; /* logged when it changes, not each second */
};

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
	return 0;
}

int operator_start(struct operator **ret, struct loop *loop, const struct settings *settings,
		   struct err *err)
{
	struct operator *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return err_set(err, -ENOMEM, "out of memory");
	r = start_parts(o, settings, err);
	if (r >= 0)
		r = backends_start(&o->backend, loop, settings, err);
	if (r < 0) {
		operator_free(o);
		return r;
	}
	*ret = o;
	return 0;
}

void operator_free(struct operator *o)
{
	if (!o)
		return;
	if (o->backend)
		o->backend->ops->free(o->backend);
	processes_free(o->processes);
	discover_free(o->discover);
	free(o);
}

void operator_row(struct operator *o, const struct event *row)
{
	processes_add_event(o->processes, row);
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

static void decide(struct operator *o)
{
	_cleanup_(sched_decision_free) struct sched_decision d = {0};
	struct err err = {0};

	if (sched_decide(o->processes, &o->rules, &d, &err) < 0 ||
	    o->backend->ops->set(o->backend, &d.list) < 0) {
		log_error("strategies: out of memory; the last list stays");
		return;
	}
	if (d.list.len != o->entries)
		log_info("strategies: %zu threads of %zu processes", d.list.len, d.processes);
	if (d.left_out && d.list.len != o->entries)
		log_warning("strategies: %zu threads left out; raise sched.max_threads", d.left_out);
	o->entries = d.list.len;
}

static void look(struct operator *o, uint64_t now_ns)
{
	look_at_the_node(o, now_ns);
	resolve_pending(o);
	refresh(o);
	processes_age(o->processes, now_ns);
}

void operator_tick(struct operator *o, uint64_t now_ns)
{
	look(o, now_ns);
	decide(o);
}

static void visit_all(const struct operator *o, operator_visit_fn visit, void *data)
{
	const struct process *p;
	size_t cursor = 0;

	while ((p = processes_next(o->processes, &cursor))) {
		const char *why;
		bool chosen = sched_chooses(&o->rules, p, &why);

		visit(data, p, chosen, why);
	}
}

int operator_preview(const struct settings *settings, operator_visit_fn visit, void *data,
		     struct sched_decision *ret, struct err *err)
{
	struct operator *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return err_set(err, -ENOMEM, "out of memory");
	r = start_parts(o, settings, err);
	if (r >= 0) {
		look(o, clock_boot_ns());
		r = sched_decide(o->processes, &o->rules, ret, err);
	}
	if (r >= 0 && visit)
		visit_all(o, visit, data);
	operator_free(o);
	return r;
}

void operator_withdraw(struct operator *o, uint64_t deadline_ns, void (*done)(void *data, int r),
		       void *data)
{
	o->backend->ops->withdraw(o->backend, deadline_ns, done, data);
}
