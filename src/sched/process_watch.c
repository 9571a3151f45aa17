/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "process_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "identity.h"
#include "record.h"
#include "process_watch_options.h"

#define THREADS_MAX 1024
#define EVIDENCE_LIFE_NS (60 * NSEC_PER_SEC)

struct process_watch {
	struct sched_rules rules;
	struct processes *processes;
	struct discover *discover;
	struct identity *identity; /* names of pods; NULL: no rule goes by them */
	struct process_watch_missed missed;
	int error; /* of this look: the first that kept a process from being read */
	int32_t error_pid;
};

static int start_parts(struct process_watch *w, const struct config *config, struct err *err)
{
	struct processes_limits limits = {PROCESS_WATCH_MAX, PROCESS_WATCH_MAX, THREADS_MAX, EVIDENCE_LIFE_NS};
	struct discover_options look;
	int e = sched_rules_init(&w->rules, config_get(config, "sched"), err);

	if (e == 0)
		e = process_watch_read_options(config, &look, err);
	if (e < 0)
		return e;
	limits.current = w->rules.evidence & EVIDENCE_BIT(EVIDENCE_CURRENT);
	if (sched_rules_use_pods(&w->rules)) {
		w->identity = identity_new(config_get(config, containers_section.name));
		if (!w->identity)
			return err_oom(err);
	}
	w->discover = discover_new(&look);
	w->processes = processes_new(&limits);
	return w->discover && w->processes ? 0 : err_oom(err);
}

int process_watch_new(struct process_watch **ret, const struct config *config, struct err *err)
{
	struct process_watch *w = calloc(1, sizeof(*w));
	int e = w ? start_parts(w, config, err) : err_oom(err);

	if (e < 0)
		process_watch_free(w);
	else
		*ret = w;
	return e;
}

void process_watch_free(struct process_watch *w)
{
	if (!w)
		return;
	processes_free(w->processes);
	identity_free(w->identity);
	discover_free(w->discover);
	free(w);
}

void process_watch_place(struct process_watch *w, struct sched_places places)
{
	w->rules.places = places;
}

void process_watch_row(struct process_watch *w, const struct event *row)
{
	processes_add_event(w->processes, row);
}

static void note_missed(struct process_watch_missed *m, const struct findings *found)
{
	*m = (struct process_watch_missed){
		.processes = found->processes_left_out,
		.namespaces = found->namespaces_left_out,
		.sockets = found->sockets_left_out,
		.findings = found->left_out,
		.namespaces_failed = found->namespaces_failed,
		.processes_unreadable = found->processes_unreadable,
	};
}

static int find_processes(struct process_watch *w, uint64_t now_ns, struct err *err)
{
	_cleanup_(findings_free) struct findings found = {0};
	int e = discover_scan(w->discover, &found, err);

	note_missed(&w->missed, &found);
	for (size_t i = 0; i < found.len; i++)
		processes_add(w->processes, &found.items[i].proc, found.items[i].kind, now_ns);
	return e >= 0 && found.namespaces_failed ? -EPERM : e;
}

/* Out of descriptors or memory, a process cannot be read and may well live: what is known of it stays. */
static bool is_unreadable(struct process_watch *w, int32_t pid, int error)
{
	if (error >= 0 || error == -ESRCH)
		return false;
	w->missed.processes_unreadable++;
	if (!w->error) {
		w->error = error;
		w->error_pid = pid;
	}
	return true;
}

/* Rows speak of pids; /proc tells which process has that pid. */
static void resolve_pending(struct process_watch *w)
{
	size_t cursor = 0;
	struct proc proc;
	int32_t pid;

	while ((pid = processes_next_pending(w->processes, &cursor))) {
		int e = proc_read("", pid, &proc);

		if (is_unreadable(w, pid, e))
			continue;
		if (e < 0 || !processes_put(w->processes, &proc))
			processes_ended(w->processes, pid);
	}
}

static void read_threads(struct process_watch *w, const struct proc *proc)
{
	_cleanup_(proc_thread_list_free) struct proc_thread_list threads = {0};
	int e = proc_threads("", proc->pid, THREADS_MAX, &threads);

	if (e == 0)
		processes_set_threads(w->processes, proc, threads.items, threads.len, threads.left_out);
	else
		is_unreadable(w, proc->pid, e);
}

static void read_cgroup(struct process_watch *w, const struct proc *proc)
{
	char path[PROC_PATH_MAX];
	int e = proc_cgroup("", proc->pid, path, sizeof(path));

	if (e == 0)
		processes_set_cgroup(w->processes, proc, path);
	else if (e != -ENOENT && e != -ENAMETOOLONG)
		is_unreadable(w, proc->pid, e);
}

static void read_pod_name(struct process_watch *w, const struct process *p, const struct proc *proc)
{
	const struct container *c = identity_container(w->identity, p->ids.container);

	if (c && c->pod[0])
		processes_set_pod_name(w->processes, proc, c->pod);
}

static void look_for_containers(struct process_watch *w, uint64_t now_ns)
{
	if (w->identity)
		identity_look(w->identity, now_ns);
}

static void read_owner(struct process_watch *w, const struct proc *proc)
{
	struct proc_owner owner;

	if (proc_owner("", proc->pid, &owner) == 0)
		processes_set_owner(w->processes, proc, &owner);
}

/* Owner and cgroup can change. They are read again of processes with a wanted name, whose choice depends on them. */
static bool complete_process(struct process_watch *w, const struct process *p, const struct proc *proc)
{
	bool named = p && sched_names(&w->rules, p->comm), chosen;

	if (named)
		read_owner(w, proc);
	if (p && (named || !p->cgroup))
		read_cgroup(w, proc);
	if (named)
		read_pod_name(w, p, proc);
	chosen = p && sched_chooses(&w->rules, p, NULL);
	if (chosen)
		read_threads(w, proc);
	return chosen;
}

/* Drops the processes that have ended, notices a pid that is another's by now and a program that took the place of
 * another in its process, completes those chosen. */
static void refresh_processes(struct process_watch *w)
{
	const struct process *p;
	size_t cursor = 0;
	struct proc proc;

	while ((p = processes_next(w->processes, &cursor))) {
		int e = proc_read("", p->pid, &proc);

		if (is_unreadable(w, p->pid, e))
			continue;
		if (e < 0)
			processes_ended(w->processes, p->pid);
		else
			complete_process(w, processes_put(w->processes, &proc), &proc);
	}
}

int process_watch_look(struct process_watch *w, uint64_t now_ns, struct err *err)
{
	int e;

	w->error = 0;
	look_for_containers(w, now_ns);
	e = find_processes(w, now_ns, err);
	resolve_pending(w);
	refresh_processes(w);
	processes_age(w->processes, now_ns);
	if (e < 0 || !w->error)
		return e;
	return err_set(err, w->error, "/proc/%d: %s; what was known of such processes stays", w->error_pid,
		       err_name(w->error));
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
static bool is_known(const struct process_watch *w, const struct event *e)
{
	const struct process *p = processes_find(w->processes, (int32_t)e->tgid);

	return p && has_thread(p, e->pid) && sched_chooses(&w->rules, p, NULL);
}

/* Only what makes a row "sender" one of the sender's. */
static bool is_sender(const struct event *e)
{
	return event_has(e, F_TGID) && e->tgid && e->tgid <= INT32_MAX && event_has(e, F_CONTEXT) &&
	       e->context == CONTEXT_PROCESS && event_has(e, F_DIR) && e->dir == DIR_EGRESS;
}

enum process_news process_watch_newcomer(struct process_watch *w, const struct event *e, uint64_t now_ns)
{
	const struct process *p;
	struct proc proc;
	bool has_sent;

	if (!event_has(e, F_TGID))
		return PROCESS_NEEDS_LOOK;
	if (!is_sender(e) || is_known(w, e) || proc_read("", (int32_t)e->tgid, &proc) < 0)
		return PROCESS_KNOWN;
	p = processes_find(w->processes, proc.pid);
	has_sent = p && p->start_time == proc.start_time && p->evidence & EVIDENCE_BIT(EVIDENCE_SENDER);
	p = processes_announce(w->processes, &proc, EVIDENCE_SENDER, now_ns);
	look_for_containers(w, now_ns);
	if (complete_process(w, p, &proc))
		return PROCESS_CHOSEN;
	/* Where sending does not suffice, a look may find what does. */
	return has_sent ? PROCESS_KNOWN : PROCESS_NEEDS_LOOK;
}

const struct processes *process_watch_processes(const struct process_watch *w)
{
	return w->processes;
}

const struct sched_rules *process_watch_rules(const struct process_watch *w)
{
	return &w->rules;
}

struct process_watch_missed process_watch_missed(const struct process_watch *w)
{
	struct process_watch_missed m = w->missed;

	m.table = processes_counts(w->processes);
	return m;
}
