/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the processes of the path to the list of strategies. Pure. By default a process needs two
 * things: a leader's comm of the list, and a kind of evidence besides, so that neither a name nor a
 * place in softirq alone makes anybody faster. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "option.h"
#include "processes.h"
#include "strategy.h"

enum sched_backend { SCHED_AUTO, SCHED_GTHULHU, SCHED_LOCAL, SCHED_NONE };

/* The section "sched" of the configuration. */
struct sched_options {
	unsigned backend; /* enum sched_backend */
	struct string_list names;
	struct string_list evidence;
	bool priority;
	uint64_t execution_time; /* ns */
	uint64_t max_threads;
};

extern const struct option_section sched_section;

struct sched_rules {
	const struct sched_options *options; /* borrowed */
	uint32_t evidence;                   /* EVIDENCE_BIT()s of which one must be there */
};

/* -EINVAL when a name is longer than a comm can be, a kind of evidence is unknown or is "bystander",
 * or a list is empty. */
int sched_rules_init(struct sched_rules *ret, const struct sched_options *options, struct err *err);

/* Whether the rules choose the process; *ret_why (static, may be NULL) says why or why not. */
bool sched_chooses(const struct sched_rules *rules, const struct process *process,
		   const char **ret_why);

struct sched_decision {
	struct strategy_list list; /* owned */
	size_t processes;          /* chosen */
	size_t left_out;           /* threads beyond max_threads, or that the table had no room for */
};

void sched_decision_free(struct sched_decision *d); /* usable with _cleanup_ */

/* For each process that is chosen, by pid: the leader, then the other threads by tid; none twice.
 * Before sending, ask proc_same() for each leader. 0 or -ENOMEM, and then ret is unchanged. */
int sched_decide(const struct processes *table, const struct sched_rules *rules,
		 struct sched_decision *ret, struct err *err);
