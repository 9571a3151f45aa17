/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The adaptive strategy: of those whom the rules choose, it boosts who has traffic and waits for a CPU,
 * for others a boost cannot pay; and takes back what costs the rest of the node too much. Pure: time
 * is a parameter, what it remembers is in struct adaptive. */
#pragma once

#include "decide.h"

/* The section "sched.adaptive" of the configuration. */
struct adaptive_options {
	uint64_t min_packets; /* a second */
	uint64_t min_wait;    /* ns, of the p99 */
	uint64_t confirm;     /* collections */
	uint64_t idle, hold, rest; /* ns */
	uint64_t max_cpu;     /* percent of all CPUs */
	uint64_t min_execution_time; /* ns */
};

extern const struct option_section adaptive_section;

/* What is known of the node. */
struct adaptive_view {
	const struct loads *loads; /* after its tick */
	bool measured;             /* a probe tells of run-queue waits */
	unsigned cpus;
};

struct adaptive;

/* options are borrowed. NULL: out of memory. */
struct adaptive *adaptive_new(const struct adaptive_options *options);
void adaptive_free(struct adaptive *a); /* NULL is fine */

/* One step, after each collection; another one before the next tick of the loads confirms no need. As sched_decide(); each judgement has its load and its reason. */
int adaptive_decide(struct adaptive *a, const struct processes *table,
		    const struct sched_rules *rules, const struct adaptive_view *view,
		    uint64_t now_ns, struct sched_decision *ret, struct err *err);
