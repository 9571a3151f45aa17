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
	struct process_evidence kinds[EVIDENCE_MAX];
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

static void free_parts(struct process *p)
{
	free_threads(p);
	free(p->cgroup);
	p->cgroup = NULL;
	free(p->pod_name);
	p->pod_name = NULL;
	free(p->owner);
	p->owner = NULL;
}

void processes_free(struct processes *t)
{
	struct process *p;
	size_t cursor = 0;

	if (!t)
		return;
	while (t->by_pid && (p = map_next(t->by_pid, &cursor, NULL)))
		free_parts(p);
	map_free(t->by_pid);
	map_free(t->pending);
	free(t);
}

static void note(struct process_evidence *e, uint64_t count, uint64_t first_ns, uint64_t last_ns)
{
	if (!e->last_ns || first_ns < e->first_ns)
		e->first_ns = first_ns;
	e->last_ns = MAX(e->last_ns, last_ns);
	e->count += count;
}

static void note_kind(struct process *p, enum evidence kind, uint64_t count, uint64_t first_ns, uint64_t last_ns)
{
	note(&p->kinds[kind], count, first_ns, last_ns);
	p->evidence |= EVIDENCE_BIT(kind);
}

/* A row that ended before the process began speaks of an earlier owner of the pid. */
static void note_row(struct processes *t, struct process *p, enum evidence kind, const struct process_evidence *e)
{
	if (!e->count)
		return;
	if (e->last_ns + CLOCK_SLACK_NS < proc_start_ns(p->start_time))
		t->counts.stale++;
	else
		note_kind(p, kind, e->count, e->first_ns, e->last_ns);
}

static void take_pending(struct processes *t, struct process *p)
{
	const struct pending *pending = map_get(t->pending, &p->pid);

	if (!pending)
		return;
	for (int kind = 0; kind < EVIDENCE_MAX; kind++)
		note_row(t, p, (enum evidence)kind, &pending->kinds[kind]);
	map_remove(t->pending, &p->pid);
}

/* A task that was merely interrupted is weaker evidence than a task on the CPU or in a text, as any task may be, and
 * that than all else. */
static int strength(uint32_t evidence)
{
	const uint32_t bystander = EVIDENCE_BIT(EVIDENCE_BYSTANDER);
	const uint32_t passing = EVIDENCE_BIT(EVIDENCE_CURRENT) | EVIDENCE_BIT(EVIDENCE_TRACE_PIPE);

	if (evidence & ~(bystander | passing))
		return 2;
	return evidence & passing ? 1 : 0;
}

static uint32_t evidence_in(const struct pending *p)
{
	uint32_t evidence = 0;

	for (int kind = 0; p && kind < EVIDENCE_MAX; kind++)
		evidence |= p->kinds[kind].count ? EVIDENCE_BIT(kind) : 0;
	return evidence;
}

/* A process with weaker evidence makes room. */
static struct process *evict_and_put(struct processes *t, int32_t pid, uint32_t evidence)
{
	const struct process *p;
	size_t cursor = 0;

	while ((p = map_next(t->by_pid, &cursor, NULL))) {
		if (strength(p->evidence) >= strength(evidence))
			continue;
		t->counts.evicted++;
		processes_ended(t, p->pid);
		return map_put(t->by_pid, &pid, NULL);
	}
	return NULL;
}

static struct process *put(struct processes *t, const struct proc *proc, uint32_t evidence)
{
	bool is_new = true;
	struct process *p = map_put(t->by_pid, &proc->pid, &is_new);

	if (!p && strength(evidence))
		p = evict_and_put(t, proc->pid, evidence);
	if (!p) {
		t->counts.refused++;
		return NULL;
	}
	if (!is_new && p->start_time != proc->start_time) {
		free_parts(p);
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
	return put(t, proc, evidence_in(map_get(t->pending, &proc->pid)));
}

struct process *processes_add(struct processes *t, const struct proc *proc, enum evidence kind, uint64_t now_ns)
{
	struct process *p = put(t, proc, EVIDENCE_BIT(kind));

	if (p)
		note_kind(p, kind, 1, now_ns, now_ns);
	return p;
}

struct process *processes_announce(struct processes *t, const struct proc *proc, enum evidence kind, uint64_t now_ns)
{
	struct process *p = put(t, proc, EVIDENCE_BIT(kind));

	if (p)
		note_kind(p, kind, 0, now_ns, now_ns);
	return p;
}

static enum evidence sender_or_bystander(const struct event *e)
{
	bool egress = !event_has(e, F_DIR) || e->dir == DIR_EGRESS;

	return event_has(e, F_CONTEXT) && e->context == CONTEXT_PROCESS && egress ? EVIDENCE_SENDER
										  : EVIDENCE_BYSTANDER;
}

/* False: a row that says nothing here. */
static bool kind_of(const struct processes *t, const struct event *e, enum evidence *ret)
{
	switch (e->kind) {
	case KIND_SENDER:
		*ret = sender_or_bystander(e);
		return true;
	case KIND_CONTEXT:
		*ret = EVIDENCE_CURRENT;
		return t->limits.current;
	case KIND_TRACE:
		*ret = EVIDENCE_TRACE_PIPE;
		return true;
	default:
		return false;
	}
}

static struct process_evidence evidence_of(const struct event *e)
{
	return (struct process_evidence){
		.count = event_has(e, F_PACKETS) ? e->packets : 1,
		.first_ns = event_has(e, F_FIRST_NS) ? e->first_ns : e->ts_ns,
		.last_ns = event_has(e, F_LAST_NS) ? e->last_ns : e->ts_ns,
	};
}

static struct pending *put_pending(struct processes *t, int32_t pid, uint32_t evidence)
{
	struct pending *p = map_put(t->pending, &pid, NULL);
	size_t cursor = 0;

	if (p || !strength(evidence))
		return p;
	while ((p = map_next(t->pending, &cursor, NULL))) {
		int32_t other = p->pid;

		if (strength(evidence_in(p)) >= strength(evidence))
			continue;
		t->counts.evicted++;
		map_remove(t->pending, &other);
		return map_put(t->pending, &pid, NULL);
	}
	return NULL;
}

static void add_pending(struct processes *t, int32_t pid, enum evidence kind, const struct process_evidence *e)
{
	struct pending *p = put_pending(t, pid, EVIDENCE_BIT(kind));

	if (!p) {
		t->counts.pending_refused++;
		return;
	}
	p->pid = pid;
	if (e->count)
		note(&p->kinds[kind], e->count, e->first_ns, e->last_ns);
}

bool processes_add_event(struct processes *t, const struct event *e)
{
	struct process_evidence evidence;
	enum evidence kind;
	struct process *p;
	int32_t pid;

	if (!kind_of(t, e, &kind))
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
		note_row(t, p, kind, &evidence);
	else
		add_pending(t, pid, kind, &evidence);
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

int processes_set_threads(struct processes *t, const struct proc *proc, const struct proc_thread *threads, size_t n,
			  size_t left_out)
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

int processes_set_owner(struct processes *t, const struct proc *proc, const struct proc_owner *owner)
{
	struct process *p = map_get(t->by_pid, &proc->pid);

	if (!p || p->start_time != proc->start_time)
		return -ENOENT;
	if (!p->owner)
		p->owner = malloc(sizeof(*p->owner));
	if (!p->owner)
		return -ENOMEM;
	*p->owner = *owner;
	return 0;
}

int processes_set_cgroup(struct processes *t, const struct proc *proc, const char *path)
{
	struct process *p = map_get(t->by_pid, &proc->pid);
	char *copy;

	if (!p || p->start_time != proc->start_time)
		return -ENOENT;
	if (p->cgroup && !strcmp(p->cgroup, path))
		return 0;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	free(p->cgroup);
	p->cgroup = copy;
	free(p->pod_name);
	p->pod_name = NULL;
	cgroup_parse(copy, &p->ids);
	return 0;
}

int processes_set_pod_name(struct processes *t, const struct proc *proc, const char *name)
{
	struct process *p = map_get(t->by_pid, &proc->pid);
	char *copy;

	if (!p || p->start_time != proc->start_time)
		return -ENOENT;
	if (p->pod_name && !strcmp(p->pod_name, name))
		return 0;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	free(p->pod_name);
	p->pod_name = copy;
	return 0;
}

void processes_ended(struct processes *t, int32_t pid)
{
	struct process *p = map_get(t->by_pid, &pid);

	if (p) {
		free_parts(p);
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

static uint64_t last_of(const struct pending *p)
{
	uint64_t last_ns = 0;

	for (int kind = 0; kind < EVIDENCE_MAX; kind++)
		last_ns = MAX(last_ns, p->kinds[kind].last_ns);
	return last_ns;
}

static void age_pending(struct processes *t, uint64_t now_ns)
{
	const struct pending *p;
	size_t cursor = 0;

	while ((p = map_next(t->pending, &cursor, NULL))) {
		int32_t pid = p->pid;

		if (too_old(t, last_of(p), now_ns))
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
