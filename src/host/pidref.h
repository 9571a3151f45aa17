/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which process is meant: its id becomes another process's once it has ended. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proc.h"

struct pidref {
	int32_t pid;
	uint64_t start_time; /* clock ticks since boot */
};

struct pidref pidref_of(const struct proc *proc);
bool pidref_equal(const struct pidref *a, const struct pidref *b);

/* 1: the process lives; 0: it has ended; -errno: it cannot be found out. */
int pidref_is_alive(const struct pidref *p);

/* A pidfd of the process, which the caller closes: from here on it cannot become another process's.
 * -ESRCH when the process has ended; or -errno. */
int pidref_open(const struct pidref *p);

/* Sends the signal to the process of a pidfd. 0, -ESRCH when it has ended, or -errno. */
int pidref_kill(int pidfd, int signo);
