/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a scheduler is asked to do about one thread. A list is what goes to a back end as a whole: it
 * replaces what was there before. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup.h"
#include "proc.h"

#define STRATEGY_MAX 4096		    /* entries of one list */
#define STRATEGY_TIME_MAX_NS 10000000000ULL /* 10 s */

struct strategy {
	int32_t pid; /* thread or thread group, as the initial pid namespace numbers it; > 0 */
	bool priority;
	uint64_t execution_time_ns; /* the slice; > 0, at most STRATEGY_TIME_MAX_NS */
	/* Which thread that is, for the back ends that do not go by a PID alone. Zero and empty in a list of
	 * another writer; strategy_list_same() does not look here. */
	int32_t tgid;
	uint64_t start_time;	      /* of the thread; 0: not known */
	char comm[PROC_COMM_MAX];     /* of the leader */
	char own_comm[PROC_COMM_MAX]; /* of the thread itself; "": as the leader's */
	char pod[CGROUP_POD_MAX];     /* the pod's UID */
};

struct strategy_list {
	struct strategy *items; /* owned, in the order of adding */
	size_t len;
	size_t cap;
	uint64_t refused_invalid; /* pid or execution time out of range */
	uint64_t refused_duplicate;
	uint64_t refused_full; /* beyond STRATEGY_MAX */
};

void strategy_list_free(struct strategy_list *list);  /* usable with _cleanup_ */
void strategy_list_clear(struct strategy_list *list); /* entries and counts */

/* 0; -EINVAL, -EEXIST, -ENOSPC when the entry is refused, which is counted; -ENOMEM. */
int strategy_list_add(struct strategy_list *list, struct strategy entry);

/* The same without a check but the bound: what another writer's list holds. -E2BIG, -ENOMEM. */
int strategy_list_put(struct strategy_list *list, struct strategy entry);

/* Makes to an equal copy of from, counts included; 0 or -ENOMEM, and then to is unchanged. */
int strategy_list_copy(struct strategy_list *to, const struct strategy_list *from);

/* The same entries in any order. */
bool strategy_list_same(const struct strategy_list *a, const struct strategy_list *b);
