/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the processes of the path do: what they send, how long their threads ran and how long they
 * waited for a CPU, between two ticks; and which N3 addresses are spoken with in a network namespace.
 * Pure: time is a parameter (boot clock, ns). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "event.h"

/* Of all threads of a process, in the last interval. */
struct load {
	uint64_t interval_ns;
	uint64_t packets; /* sent by the process itself: rows "sender" in process context */
	uint64_t waits, switches, preemptions;
	uint64_t wait_ns, on_cpu_ns;
	uint64_t p50_ns, p99_ns; /* waits took at most that: the end of a bucket; 0: no thread waited */
};

double load_packets_per_s(const struct load *l);
double load_cpus(const struct load *l); /* CPUs in use: 1 is a whole one */

/* Which share of the time that the process wanted to run it waited instead: what a scheduler can give
 * it at most. 0 to 1. */
double load_schedulable(const struct load *l);

struct loads_counts {
	uint64_t refused;    /* rows of processes without room */
	uint64_t n3_refused; /* addresses and namespaces without room */
};

struct loads;

/* now_ns begins the first interval. NULL: out of memory. */
struct loads *loads_new(size_t max_processes, uint64_t now_ns);
void loads_free(struct loads *t); /* NULL is fine */

/* Takes rows "sender", "wait" and "tunnel"; false for other events. */
bool loads_add(struct loads *t, const struct event *row);

/* Ends the interval. A process without a row in it has a load of zeros, and is then forgotten. */
void loads_tick(struct loads *t, uint64_t now_ns);

uint64_t loads_ticks(const struct loads *t); /* so many intervals have ended */

/* Zeros for a process that no row speaks of. */
struct load loads_of(const struct loads *t, int32_t pid);

/* Whether tunnels from or to an address of that pattern (fnmatch(3)) were seen in the namespace within
 * the last minute's collections. */
bool loads_n3_seen(const struct loads *t, uint64_t netns_inode, const char *pattern);

struct loads_counts loads_counts(const struct loads *t);
