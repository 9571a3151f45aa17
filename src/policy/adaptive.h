/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The adaptive strategy: of the processes that the rules choose, it boosts those that have traffic and wait
 * for a CPU, since a boost cannot help the others; and it takes back the boosts that cost the rest of the
 * node too much. Pure: time is a parameter, what it remembers is in struct adaptive. */
#pragma once

#include "decide.h"

/* The section "sched.adaptive" of the configuration. */
struct adaptive_options {
	uint64_t min_packets;	     /* a second */
	uint64_t min_wait;	     /* ns, of the p99 */
	uint64_t confirm;	     /* collections */
	uint64_t idle, hold, rest;   /* ns */
	uint64_t max_boost;	     /* ns that a boost has to pay; 0: no end */
	uint64_t max_cpu;	     /* percent of all CPUs */
	uint64_t min_execution_time; /* ns */
};

extern const struct option_section adaptive_section;

/* What is known of the node at one time. */
struct adaptive_view {
	const struct processes *processes;
	const struct sched_rules *rules;
	const struct loads *loads; /* after its tick */
	bool measured;		   /* a probe measures run-queue waits */
	unsigned cpus;
	uint64_t now_ns;
};

struct adaptive;

/* The options are borrowed. NULL: out of memory. */
struct adaptive *adaptive_new(const struct adaptive_options *options);
void adaptive_free(struct adaptive *a); /* NULL is fine */

/* One step, after each collection; another step before the next tick of the loads confirms no need. Returns as
 * sched_decide() does; each judgement has its load and its reason. */
int adaptive_decide(struct adaptive *a, const struct adaptive_view *view, struct sched_decision *ret, struct err *err);
