/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the processes of the path to the list of strategies. Pure. By default a process needs two things: a
 * leader's comm of the list, and a kind of evidence besides, so that neither a name nor a place in softirq
 * alone makes a process faster. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "loads.h"
#include "option.h"
#include "processes.h"
#include "rule.h"
#include "strategy.h"

enum sched_backend { SCHED_AUTO, SCHED_GTHULHU, SCHED_LOCAL, SCHED_NONE };
enum sched_strategy { SCHED_FIXED, SCHED_ADAPTIVE };

/* The section "sched" of the configuration. */
struct sched_options {
	unsigned backend; /* enum sched_backend */
	struct string_list names;
	struct string_list evidence;
	struct string_list users;
	struct string_list rules;
	unsigned strategy; /* enum sched_strategy */
	bool priority;
	uint64_t execution_time; /* ns */
	uint64_t max_threads;
};

extern const struct option_section sched_section;

#define SCHED_USERS_MAX 32

struct sched_rules {
	const struct sched_options *options; /* borrowed */
	uint32_t evidence;		     /* EVIDENCE_BIT()s of which one must be there */
	struct sched_rule items[SCHED_RULES_MAX];
	size_t n;
	uint32_t users[SCHED_USERS_MAX]; /* whose processes count, where no rule says so */
	size_t n_users;
	struct sched_rule fallback; /* for the processes that no rule matches */
	struct sched_places places; /* the caller may fill it; zeroed by sched_rules_init() */
};

/* -EINVAL when a name is longer than a comm can be, a kind of evidence is unknown or is "bystander",
 * a list is empty, or a rule is not understood. */
int sched_rules_init(struct sched_rules *ret, const struct sched_options *options, struct err *err);

/* Whether the rules choose the process; *ret_why (static, may be NULL) says why or why not. */
bool sched_chooses(const struct sched_rules *rules, const struct process *process, const char **ret_why);

/* Whether a process of that name could be chosen: its owner, cgroup and threads are worth a look. */
bool sched_names(const struct sched_rules *rules, const char *comm);

/* Whether a rule goes by pods, whose names the caller then fills in. */
bool sched_rules_use_pods(const struct sched_rules *rules);

/* The first rule that matches; the fallback if none does. */
const struct sched_rule *sched_rule_for(const struct sched_rules *rules, const struct process *process);

/* What became of one process, and why. */
struct sched_judgement {
	int32_t pid;
	uint64_t start_time;
	char comm[PROC_COMM_MAX];
	char pod[CGROUP_POD_MAX];
	uint32_t evidence; /* EVIDENCE_BIT()s */
	size_t threads;	   /* known, the leader included */
	bool chosen;	   /* by the rules; in adaptive mode that is not enough */
	bool boosted;
	const char *why; /* static */
	bool priority;
	uint64_t execution_time_ns; /* 0: not boosted */
	struct load load;	    /* in adaptive mode; else zeros */
};

/* false: whether it sends cannot be told, since no hook has seen a packet of it. */
bool sched_seen_to_send(const struct sched_judgement *j);

struct sched_decision {
	struct strategy_list list;	/* owned */
	struct sched_judgement *judged; /* owned; every process of the table, by pid */
	size_t n_judged;
	size_t processes; /* chosen */
	size_t left_out;  /* threads beyond max_threads, or that the table had no room for */
};

void sched_decision_free(struct sched_decision *d); /* usable with _cleanup_ */

/* The two halves of sched_decide(), for a caller that judges in between: sched_judge() judges by the rules
 * alone, *ret being zeroed before; sched_boost() makes the list of the boosted ones. 0 or -ENOMEM. */
int sched_judge(const struct processes *table, const struct sched_rules *rules, struct sched_decision *ret,
		struct err *err);
int sched_boost(const struct processes *table, const struct sched_rules *rules, struct sched_decision *d,
		struct err *err);

/* In rounds: the leader of each process that is chosen, by pid; then the next thread of each, by tid; none
 * twice. So a list that is cut leaves no process out for the threads of another.
 * Before sending, ask proc_same() for each leader. 0 or -ENOMEM, and then ret is unchanged. */
int sched_decide(const struct processes *table, const struct sched_rules *rules, struct sched_decision *ret,
		 struct err *err);
