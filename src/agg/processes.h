/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The processes of the path and why they are thought to be in it. Pure: what the system says comes
 * in as plain data, time as a parameter (boot clock, ns). A process is (pid, start time): under a
 * reused pid another begins, without its predecessor's evidence. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup.h"
#include "event.h"
#include "evidence.h"
#include "proc.h"

struct process_evidence {
	uint64_t count; /* packets, calls or lines where rows tell of it, else looks that found it */
	uint64_t first_ns, last_ns;
};

struct process {
	int32_t pid;
	uint64_t start_time; /* clock ticks since boot */
	char comm[PROC_COMM_MAX];
	uint64_t netns;		  /* inode; 0: not known */
	char *cgroup;		  /* its path, owned by the table; NULL: not known */
	struct cgroup_ids ids;	  /* what the path tells: container and pod */
	char *pod_name;		  /* "NAMESPACE/NAME", owned by the table; NULL: not known */
	struct proc_owner *owner; /* owned by the table; NULL: not known */
	uint32_t evidence;	  /* EVIDENCE_BIT()s of the kinds that have not aged out */
	struct process_evidence kinds[EVIDENCE_MAX];
	struct proc_thread *threads; /* owned by the table; the leader first, then by tid */
	size_t n_threads;
	size_t threads_left_out; /* that the process has beyond those */
};

struct processes_limits {
	size_t processes;     /* in the table */
	size_t pending;	      /* pids that rows spoke of and that have no identity yet */
	size_t threads;	      /* of one process */
	uint64_t evidence_ns; /* evidence that is not renewed for so long is forgotten */
	bool current;	      /* rows "context" are evidence; else they are left */
};

struct processes_counts {
	uint64_t refused;	  /* processes without room */
	uint64_t pending_refused; /* pids without room */
	uint64_t evicted;	  /* of weaker evidence, such as mere bystanders, for one of stronger */
	uint64_t aged;		  /* processes dropped, no evidence being left */
	uint64_t replaced;	  /* pids that another process has taken over */
	uint64_t stale;		  /* rows older than the process that has their pid now */
	uint64_t nobody;	  /* rows of the idle task, of pid 0, or without a task */
};

struct processes;

struct processes *processes_new(const struct processes_limits *limits); /* NULL: out of memory */
void processes_free(struct processes *t);				/* NULL is fine */

/* The process, made or brought up to date (comm and netns may change), with what rows said of its pid
 * before it was known. NULL when there is no room. */
struct process *processes_put(struct processes *t, const struct proc *proc);

/* Puts the process and notes one more finding of that kind. Returns as processes_put(). */
struct process *processes_add(struct processes *t, const struct proc *proc, enum evidence kind, uint64_t now_ns);

/* The same without a count: a row that tells of it is yet to come. */
struct process *processes_announce(struct processes *t, const struct proc *proc, enum evidence kind, uint64_t now_ns);

/* Takes a row. "sender" (tgid, comm, context, packets, dir): a task in process context at egress is a
 * sender; one in softirq or hardirq, at ingress, or in a context that the kernel could not tell, a
 * bystander. "context" (tgid, context, packets): the task is current, where limits say that this is
 * evidence. "trace" (tgid, packets): a tracer's text names it. The idle task counts as no process. Returns false
 * for other events. */
bool processes_add_event(struct processes *t, const struct event *e);

/* The pids that rows spoke of and whose process is not known: read them and processes_put() them, or
 * processes_ended(). Start with *cursor = 0; 0 at the end. Both may be called meanwhile. */
int32_t processes_next_pending(const struct processes *t, size_t *cursor);

/* Replaces the threads: a copy of at most limits.threads of them, as proc_threads() lists them.
 * -ENOENT when the process is not in the table or the leader began at another time, or -ENOMEM. */
int processes_set_threads(struct processes *t, const struct proc *proc, const struct proc_thread *threads, size_t n,
			  size_t left_out);

/* A copy of it. As processes_set_threads(). */
int processes_set_owner(struct processes *t, const struct proc *proc, const struct proc_owner *owner);

/* A copy of the path, of which container and pod are made. As processes_set_threads(). */
int processes_set_cgroup(struct processes *t, const struct proc *proc, const char *path);

/* A copy of the name of its pod, which another cgroup makes unknown again. As processes_set_threads(). */
int processes_set_pod_name(struct processes *t, const struct proc *proc, const char *name);

/* Forgets that pid. */
void processes_ended(struct processes *t, int32_t pid);

/* Forgets evidence that was not renewed, and processes and pending pids without any. */
void processes_age(struct processes *t, uint64_t now_ns);

const struct process *processes_find(const struct processes *t, int32_t pid); /* or NULL */
size_t processes_len(const struct processes *t);
struct processes_counts processes_counts(const struct processes *t);

/* In no particular order: start with *cursor = 0; NULL at the end. processes_put() and
 * processes_ended() of the pid just returned are allowed, which thereby ends or becomes another
 * process. Valid until the next put, add or end. */
const struct process *processes_next(const struct processes *t, size_t *cursor);
