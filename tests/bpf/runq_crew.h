/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process whose threads share a CPU with their parent, work, sleep, begin and are preempted. */
#pragma once

#include <sys/types.h>

#define CREW_WORKERS 2
#define CREW_THREADS (CREW_WORKERS + 2) /* the leader, and one that the first worker begins */
#define CREW_BURNS 60			/* of a worker, each time it works */

struct crew {
	pid_t pid;
	int go[CREW_WORKERS][2]; /* a byte: work */
	int done[2];		 /* a byte: a worker has done; once also that the other thread has */
};

void crew_start(struct crew *c);
void crew_work(struct crew *c); /* lets all workers work; returns at once */
void crew_end(struct crew *c);
