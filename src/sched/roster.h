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

#define ROSTER_PROCESSES_MAX 4096

extern const struct option_section processes_section; /* "processes" */

struct roster;

/* The configuration is borrowed. -EINVAL with a message that names the key that is wrong. */
int roster_new(struct roster **ret, const struct config *config, struct err *err);
void roster_free(struct roster *r); /* NULL is fine */

/* What rules match by beside the process itself. */
void roster_place(struct roster *r, struct sched_places places);

/* A row of counts, of which some are evidence. */
void roster_row(struct roster *r, const struct event *row);

/* Looks at the node: who is there, what evidence of whom, the threads and the cgroup of those chosen.
 * -EPERM: some namespaces could not be asked, -errno: nothing could be listed, or some processes could not
 * be read; err says why. What could be found is found all the same, what was known of the others stays. */
int roster_look(struct roster *r, uint64_t now_ns, struct err *err);

/* What to do about an event "newcomer". */
enum roster_news {
	ROSTER_NO_NEWS,
	ROSTER_CHOSEN, /* a process that is to be chosen, or a thread of one, was not known: it is now */
	ROSTER_LOOK,   /* a socket has begun to send, or a process that is not chosen for it: a look tells more */
};
enum roster_news roster_newcomer(struct roster *r, const struct event *e, uint64_t now_ns);

const struct processes *roster_processes(const struct roster *r);
const struct sched_rules *roster_rules(const struct roster *r);

/* What there was no room for, or what could not be seen. */
struct roster_missed {
	size_t processes, namespaces, sockets, findings; /* of the last look */
	size_t namespaces_failed;    /* could not be asked for their sockets */
	size_t processes_unreadable; /* could not be read, or not all of their descriptors */
	struct processes_counts table;
};
struct roster_missed roster_missed(const struct roster *r);
