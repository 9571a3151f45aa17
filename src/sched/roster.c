/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "record.h"
#include "roster_options.h"

#define THREADS_MAX 1024
#define EVIDENCE_LIFE_NS (60 * NSEC_PER_SEC)

struct roster {
	struct sched_rules rules;
	struct processes *processes;
	struct discover *discover;
	struct roster_missed missed;
	int error; /* of this look: the first that kept a process from being read */
	int32_t error_pid;
};

static int start(struct roster *r, const struct config *config, struct err *err)
{
	struct processes_limits limits = {ROSTER_PROCESSES_MAX, ROSTER_PROCESSES_MAX, THREADS_MAX,
					  EVIDENCE_LIFE_NS};
	struct discover_options look;
	int e = sched_rules_init(&r->rules, config_get(config, "sched"), err);

	if (e == 0)
		e = roster_read_options(config, &look, err);
	if (e < 0)
		return e;
	limits.current = r->rules.evidence & EVIDENCE_BIT(EVIDENCE_CURRENT);
	r->discover = discover_new(&look);
	r->processes = processes_new(&limits);
	return r->discover && r->processes ? 0 : err_set(err, -ENOMEM, "out of memory");
}

int roster_new(struct roster **ret, const struct config *config, struct err *err)
{
	struct roster *r = calloc(1, sizeof(*r));
	int e = r ? start(r, config, err) : err_set(err, -ENOMEM, "out of memory");

	if (e < 0)
		roster_free(r);
	else
		*ret = r;
	return e;
}

void roster_free(struct roster *r)
{
	if (!r)
		return;
	processes_free(r->processes);
	discover_free(r->discover);
	free(r);
}

void roster_place(struct roster *r, struct sched_places places)
{
	r->rules.places = places;
}

void roster_row(struct roster *r, const struct event *row)
{
	processes_add_event(r->processes, row);
}

static void note_missed(struct roster_missed *m, const struct findings *found)
{
	*m = (struct roster_missed){
		.processes = found->processes_left_out,
		.namespaces = found->namespaces_left_out,
		.sockets = found->sockets_left_out,
		.findings = found->left_out,
		.namespaces_failed = found->namespaces_failed,
		.processes_unreadable = found->processes_unreadable,
	};
}

static int find(struct roster *r, uint64_t now_ns, struct err *err)
{
	_cleanup_(findings_free) struct findings found = {0};
	int e = discover_scan(r->discover, &found, err);

	note_missed(&r->missed, &found);
	for (size_t i = 0; i < found.len; i++)
		processes_add(r->processes, &found.items[i].proc, found.items[i].kind, now_ns);
	return e >= 0 && found.namespaces_failed ? -EPERM : e;
}

/* Out of descriptors or memory, a process cannot be read and may well live: what is known of it stays. */
static bool is_unreadable(struct roster *r, int32_t pid, int error)
{
	if (error >= 0 || error == -ESRCH)
		return false;
	r->missed.processes_unreadable++;
	if (!r->error) {
		r->error = error;
		r->error_pid = pid;
	}
	return true;
}

/* Rows speak of pids; /proc tells which process has that pid. */
static void resolve_pending(struct roster *r)
{
	size_t cursor = 0;
	struct proc proc;
	int32_t pid;

	while ((pid = processes_next_pending(r->processes, &cursor))) {
		int e = proc_read("", pid, &proc);

		if (is_unreadable(r, pid, e))
			continue;
		if (e < 0 || !processes_put(r->processes, &proc))
			processes_ended(r->processes, pid);
	}
}

static void read_threads(struct roster *r, const struct proc *proc)
{
	_cleanup_free_ struct proc_thread *threads = NULL;
	size_t n, left_out;
	int e = proc_threads("", proc->pid, THREADS_MAX, &threads, &n, &left_out);

	if (e == 0)
		processes_set_threads(r->processes, proc, threads, n, left_out);
	else
		is_unreadable(r, proc->pid, e);
}

static void read_cgroup(struct roster *r, const struct proc *proc)
{
	char path[PROC_PATH_MAX];
	int e = proc_cgroup("", proc->pid, path, sizeof(path));

	if (e == 0)
		processes_set_cgroup(r->processes, proc, path);
	else if (e != -ENOENT && e != -ENAMETOOLONG)
		is_unreadable(r, proc->pid, e);
}

static void read_owner(struct roster *r, const struct proc *proc)
{
	struct proc_owner owner;

	if (proc_owner("", proc->pid, &owner) == 0)
		processes_set_owner(r->processes, proc, &owner);
}

/* Owner and cgroup can change. They are read anew where something hangs on them: of processes with a name that
 * is looked for. */
static bool complete(struct roster *r, const struct process *p, const struct proc *proc)
{
	bool named = p && sched_names(&r->rules, p->comm), chosen;

	if (named)
		read_owner(r, proc);
	if (p && (named || !p->cgroup))
		read_cgroup(r, proc);
	chosen = p && sched_chooses(&r->rules, p, NULL);
	if (chosen)
		read_threads(r, proc);
	return chosen;
}

/* Drops the processes that have ended, notices a pid that is another's by now and a program that took the place of
 * another in its process, completes those chosen. */
static void refresh(struct roster *r)
{
	const struct process *p;
	size_t cursor = 0;
	struct proc proc;

	while ((p = processes_next(r->processes, &cursor))) {
		int e = proc_read("", p->pid, &proc);

		if (is_unreadable(r, p->pid, e))
			continue;
		if (e < 0)
			processes_ended(r->processes, p->pid);
		else
			complete(r, processes_put(r->processes, &proc), &proc);
	}
}

int roster_look(struct roster *r, uint64_t now_ns, struct err *err)
{
	int e;

	r->error = 0;
	e = find(r, now_ns, err);
	resolve_pending(r);
	refresh(r);
	processes_age(r->processes, now_ns);
	if (e < 0 || !r->error)
		return e;
	return err_set(err, r->error, "/proc/%d: %s; what was known of such processes stays",
		       r->error_pid, err_name(r->error));
}

static bool has_thread(const struct process *p, uint32_t tid)
{
	for (size_t i = 0; i < p->n_threads; i++) {
		if ((uint32_t)p->threads[i].tid == tid)
			return true;
	}
	return false;
}

/* And needs no more. */
static bool is_known(const struct roster *r, const struct event *e)
{
	const struct process *p = processes_find(r->processes, (int32_t)e->tgid);

	return p && has_thread(p, e->pid) && sched_chooses(&r->rules, p, NULL);
}

/* Only what makes a row "sender" one of the sender's. */
static bool is_sender(const struct event *e)
{
	return event_has(e, F_TGID) && e->tgid && e->tgid <= INT32_MAX &&
	       event_has(e, F_CONTEXT) && e->context == CONTEXT_PROCESS &&
	       event_has(e, F_DIR) && e->dir == DIR_EGRESS;
}

enum roster_news roster_newcomer(struct roster *r, const struct event *e, uint64_t now_ns)
{
	const struct process *p;
	struct proc proc;
	bool has_sent;

	if (!event_has(e, F_TGID))
		return ROSTER_LOOK;
	if (!is_sender(e) || is_known(r, e) || proc_read("", (int32_t)e->tgid, &proc) < 0)
		return ROSTER_NO_NEWS;
	p = processes_find(r->processes, proc.pid);
	has_sent = p && p->start_time == proc.start_time &&
		   p->evidence & EVIDENCE_BIT(EVIDENCE_SENDER);
	p = processes_announce(r->processes, &proc, EVIDENCE_SENDER, now_ns);
	if (complete(r, p, &proc))
		return ROSTER_CHOSEN;
	/* Where sending does not suffice, a look may find what does. */
	return has_sent ? ROSTER_NO_NEWS : ROSTER_LOOK;
}

const struct processes *roster_processes(const struct roster *r)
{
	return r->processes;
}

const struct sched_rules *roster_rules(const struct roster *r)
{
	return &r->rules;
}

struct roster_missed roster_missed(const struct roster *r)
{
	struct roster_missed m = r->missed;

	m.table = processes_counts(r->processes);
	return m;
}
