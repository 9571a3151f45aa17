/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A rule of sched.rules: which processes it is for, and what differs for them. Its text is words KEY=VALUE. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "cgroup.h"
#include "err.h"
#include "loads.h"
#include "processes.h"

#define SCHED_RULES_MAX 32
#define RULE_PATTERN_MAX 128

/* Patterns of fnmatch(3), "" for any process; all of them must match. */
struct sched_rule {
	char comm[RULE_PATTERN_MAX];   /* of the leader */
	char netns[RULE_PATTERN_MAX];  /* name of the network namespace, or its inode in digits */
	char pod[RULE_PATTERN_MAX];    /* the pod's UID, "NAME" or "NAMESPACE/NAME" */
	char upf[RULE_PATTERN_MAX];    /* an N3 address that tunnels in its namespace go to or come from */
	char user[RULE_PATTERN_MAX];   /* name or number of the user; resolved in uid */
	char exe[RULE_PATTERN_MAX];    /* path of the program */
	char cgroup[RULE_PATTERN_MAX]; /* path of the cgroup */
	uint32_t uid;		       /* SCHED_ANY_USER: any */
	bool boost;		       /* false: those processes stay as they are */
	bool priority;
	uint64_t execution_time; /* ns; in adaptive mode the most */
};

#define SCHED_ANY_USER UINT32_MAX

/* The number of a user that is named, or given by number; "*": SCHED_ANY_USER. -EINVAL. */
int sched_user_parse(const char *text, uint32_t *ret, struct err *err);

/* Whether the process runs as that user alone: real, effective and saved. */
bool sched_user_is(uint32_t uid, const struct process *p);

/* Whether the rule says by user, program or cgroup which processes count. */
bool sched_rule_names_owner(const struct sched_rule *rule);

/* What a rule is matched by beside the process itself; what is NULL is not known. Borrowed. */
struct sched_places {
	const struct loads *loads;
	const char *(*netns_name)(uint64_t inode, char *text, size_t size);
};

/* Fills the places of *ret that the text names; the others keep what they were. -EINVAL. */
int sched_rule_parse(const char *text, struct sched_rule *ret, struct err *err);

bool sched_rule_matches(const struct sched_rule *rule, const struct process *p, const struct sched_places *places);
