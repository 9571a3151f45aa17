/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of processes, kept up to date: looks at /proc and at the sockets of every network namespace,
 * and what probes say. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "decide.h"
#include "event.h"
#include "option.h"
#include "processes.h"

#define PROCESS_WATCH_MAX 4096

extern const struct option_section processes_section; /* "processes" */

struct process_watch;

/* The configuration is borrowed. -EINVAL with a message that names the key that is wrong. */
int process_watch_new(struct process_watch **ret, const struct config *config, struct err *err);
void process_watch_free(struct process_watch *w); /* NULL is fine */

/* What rules match by beside the process itself. */
void process_watch_place(struct process_watch *w, struct sched_places places);

/* A row of counts, of which some are evidence. */
void process_watch_row(struct process_watch *w, const struct event *row);

/* Looks at the node: which processes there are, the evidence of each, the threads and the cgroup of the chosen.
 * -EPERM: some namespaces could not be asked, -errno: nothing could be listed, or some processes could not
 * be read; err says why. What could be found is found all the same, what was known of the others stays. */
int process_watch_look(struct process_watch *w, uint64_t now_ns, struct err *err);

/* What to do about an event "newcomer". */
enum process_news {
	PROCESS_KNOWN,
	PROCESS_CHOSEN,	    /* a process that is to be chosen, or a thread of one, was not known: it is now */
	PROCESS_NEEDS_LOOK, /* a socket has begun to send, or a process that is not chosen for it: a look tells more */
};
enum process_news process_watch_newcomer(struct process_watch *w, const struct event *e, uint64_t now_ns);

const struct processes *process_watch_processes(const struct process_watch *w);
const struct sched_rules *process_watch_rules(const struct process_watch *w);

/* What there was no room for, or what could not be seen. */
struct process_watch_missed {
	size_t processes, namespaces, sockets, findings; /* of the last look */
	size_t namespaces_failed;			 /* could not be asked for their sockets */
	size_t processes_unreadable;			 /* could not be read, or not all of their descriptors */
	struct processes_counts table;
};
struct process_watch_missed process_watch_missed(const struct process_watch *w);
