/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "map.h"
#include "record.h"

/* A row's times are coarse (kernel ticks), and so is a start time (USER_HZ). */
#define CLOCK_SLACK_NS (20 * NSEC_PER_MSEC)

/* What rows said of a pid before its process was known. */
struct pending {
	int32_t pid;
	struct process_evidence sender, bystander;
};

struct processes {
	struct processes_limits limits;
	struct map *by_pid;  /* int32_t -> struct process */
	struct map *pending; /* int32_t -> struct pending */
	struct processes_counts counts;
};

struct processes *processes_new(const struct processes_limits *limits)
{
	struct processes *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->limits = *limits;
	t->by_pid = map_new(sizeof(int32_t), sizeof(struct process), limits->processes);
	t->pending = map_new(sizeof(int32_t), sizeof(struct pending), limits->pending);
	if (!t->by_pid || !t->pending) {
		processes_free(t);
		return NULL;
	}
	return t;
}

static void free_threads(struct process *p)
{
	free(p->threads);
	p->threads = NULL;
	p->n_threads = 0;
}

void processes_free(struct processes *t)
{
	struct process *p;
	size_t cursor = 0;

	if (!t)
		return;
	while (t->by_pid && (p = map_next(t->by_pid, &cursor, NULL)))
		free_threads(p);
	map_free(t->by_pid);
	map_free(t->pending);
	free(t);
}

static void note(struct process_evidence *e, uint64_t count, uint64_t first_ns, uint64_t last_ns)
{
	if (!e->count || first_ns < e->first_ns)
		e->first_ns = first_ns;
	e->last_ns = MAX(e->last_ns, last_ns);
	e->count += count;
}

static void note_kind(struct process *p, enum evidence kind, uint64_t count, uint64_t first_ns,
		      uint64_t last_ns)
{
	if (!count)
		return;
	note(&p->kinds[kind], count, first_ns, last_ns);
	p->evidence |= EVIDENCE_BIT(kind);
}

/* A row that ended before the process began speaks of an earlier owner of the pid. */
static void note_row(struct processes *t, struct process *p, enum evidence kind,
		     const struct process_evidence *e)
{
	if (e->count && e->last_ns + CLOCK_SLACK_NS < proc_start_ns(p->start_time))
		t->counts.stale++;
	else
		note_kind(p, kind, e->count, e->first_ns, e->last_ns);
}

static void take_pending(struct processes *t, struct process *p)
{
	const struct pending *pending = map_get(t->pending, &p->pid);

	if (!pending)
		return;
	note_row(t, p, EVIDENCE_SENDER, &pending->sender);
	note_row(t, p, EVIDENCE_BYSTANDER, &pending->bystander);
	map_remove(t->pending, &p->pid);
}

/* Whoever was merely seen in softirq makes room for one that there is evidence of. */
static struct process *evict_and_put(struct processes *t, int32_t pid)
{
	const struct process *p;
	size_t cursor = 0;

	while ((p = map_next(t->by_pid, &cursor, NULL))) {
		if (p->evidence & ~EVIDENCE_BIT(EVIDENCE_BYSTANDER))
			continue;
		t->counts.evicted++;
		processes_ended(t, p->pid);
		return map_put(t->by_pid, &pid, NULL);
	}
	return NULL;
}

static struct process *put(struct processes *t, const struct proc *proc, bool evident)
{
	bool is_new = true;
	struct process *p = map_put(t->by_pid, &proc->pid, &is_new);

	if (!p && evident)
		p = evict_and_put(t, proc->pid);
	if (!p) {
		t->counts.refused++;
		return NULL;
	}
	if (!is_new && p->start_time != proc->start_time) {
		free_threads(p);
		*p = (struct process){0};
		t->counts.replaced++;
	}
	p->pid = proc->pid;
	p->start_time = proc->start_time;
	p->netns = proc->netns;
	memcpy(p->comm, proc->comm, sizeof(p->comm));
	take_pending(t, p);
	return p;
}

struct process *processes_put(struct processes *t, const struct proc *proc)
{
	const struct pending *pending = map_get(t->pending, &proc->pid);

	return put(t, proc, pending && pending->sender.count);
}

struct process *processes_add(struct processes *t, const struct proc *proc, enum evidence kind,
			      uint64_t now_ns)
{
	struct process *p = put(t, proc, kind != EVIDENCE_BYSTANDER);

	if (p)
		note_kind(p, kind, 1, now_ns, now_ns);
	return p;
}

static enum evidence kind_of(const struct event *e)
{
	bool egress = !event_has(e, F_DIR) || e->dir == DIR_EGRESS;

	return event_has(e, F_CONTEXT) && e->context == CONTEXT_PROCESS && egress
		       ? EVIDENCE_SENDER
		       : EVIDENCE_BYSTANDER;
}

static struct process_evidence evidence_of(const struct event *e)
{
	return (struct process_evidence){
		.count = event_has(e, F_PACKETS) ? e->packets : 1,
		.first_ns = event_has(e, F_FIRST_NS) ? e->first_ns : e->ts_ns,
		.last_ns = event_has(e, F_LAST_NS) ? e->last_ns : e->ts_ns,
	};
}

static struct pending *put_pending(struct processes *t, int32_t pid, bool evident)
{
	struct pending *p = map_put(t->pending, &pid, NULL);
	size_t cursor = 0;

	if (p || !evident)
		return p;
	while ((p = map_next(t->pending, &cursor, NULL))) {
		int32_t other = p->pid;

		if (p->sender.count)
			continue;
		t->counts.evicted++;
		map_remove(t->pending, &other);
		return map_put(t->pending, &pid, NULL);
	}
	return NULL;
}

static void add_pending(struct processes *t, int32_t pid, enum evidence kind,
			const struct process_evidence *e)
{
	struct pending *p = put_pending(t, pid, kind == EVIDENCE_SENDER);

	if (!p) {
		t->counts.pending_refused++;
		return;
	}
	p->pid = pid;
	if (e->count)
		note(kind == EVIDENCE_SENDER ? &p->sender : &p->bystander, e->count, e->first_ns,
		     e->last_ns);
}

bool processes_add_event(struct processes *t, const struct event *e)
{
	struct process_evidence evidence;
	struct process *p;
	int32_t pid;

	if (strcmp(e->event, "sender"))
		return false;
	if (!event_has(e, F_TGID) || !e->tgid || e->tgid > INT32_MAX ||
	    (event_has(e, F_CONTEXT) && e->context == CONTEXT_IDLE)) {
		t->counts.nobody++;
		return true;
	}
	pid = (int32_t)e->tgid;
	evidence = evidence_of(e);
	p = map_get(t->by_pid, &pid);
	if (p)
		note_row(t, p, kind_of(e), &evidence);
	else
		add_pending(t, pid, kind_of(e), &evidence);
	return true;
}

int32_t processes_next_pending(const struct processes *t, size_t *cursor)
{
	const struct pending *p = map_next(t->pending, cursor, NULL);

	return p ? p->pid : 0;
}

/* The list was read under a pid, which may have become another's just before. */
static bool same_leader(const struct process *p, const struct proc_thread *threads, size_t n)
{
	return !n || threads[0].tid != p->pid || threads[0].start_time == p->start_time;
}

int processes_set_threads(struct processes *t, const struct proc *proc,
			  const struct proc_thread *threads, size_t n, size_t left_out)
{
	struct process *p = map_get(t->by_pid, &proc->pid);
	size_t kept = MIN(n, t->limits.threads);
	struct proc_thread *copy;

	if (!p || p->start_time != proc->start_time || !same_leader(p, threads, n))
		return -ENOENT;
	copy = calloc(kept + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	if (kept)
		memcpy(copy, threads, kept * sizeof(*copy));
	free_threads(p);
	p->threads = copy;
	p->n_threads = kept;
	p->threads_left_out = left_out + (n - kept);
	return 0;
}

void processes_ended(struct processes *t, int32_t pid)
{
	struct process *p = map_get(t->by_pid, &pid);

	if (p) {
		free_threads(p);
		map_remove(t->by_pid, &pid);
	}
	map_remove(t->pending, &pid);
}

static bool too_old(const struct processes *t, uint64_t last_ns, uint64_t now_ns)
{
	return now_ns > last_ns && now_ns - last_ns > t->limits.evidence_ns;
}

static void age_evidence(const struct processes *t, struct process *p, uint64_t now_ns)
{
	for (int kind = 0; kind < EVIDENCE_MAX; kind++) {
		if (!too_old(t, p->kinds[kind].last_ns, now_ns))
			continue;
		p->kinds[kind] = (struct process_evidence){0};
		p->evidence &= ~EVIDENCE_BIT(kind);
	}
}

static void age_pending(struct processes *t, uint64_t now_ns)
{
	const struct pending *p;
	size_t cursor = 0;

	while ((p = map_next(t->pending, &cursor, NULL))) {
		int32_t pid = p->pid;

		if (too_old(t, MAX(p->sender.last_ns, p->bystander.last_ns), now_ns))
			map_remove(t->pending, &pid);
	}
}

void processes_age(struct processes *t, uint64_t now_ns)
{
	struct process *p;
	size_t cursor = 0;

	while ((p = map_next(t->by_pid, &cursor, NULL))) {
		age_evidence(t, p, now_ns);
		if (p->evidence)
			continue;
		t->counts.aged++;
		processes_ended(t, p->pid);
	}
	age_pending(t, now_ns);
}

const struct process *processes_find(const struct processes *t, int32_t pid)
{
	return map_get(t->by_pid, &pid);
}

size_t processes_len(const struct processes *t)
{
	return map_len(t->by_pid);
}

struct processes_counts processes_counts(const struct processes *t)
{
	return t->counts;
}

const struct process *processes_next(const struct processes *t, size_t *cursor)
{
	return map_next(t->by_pid, cursor, NULL);
}
