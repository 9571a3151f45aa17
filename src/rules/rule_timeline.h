/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gtp5g's rules in the order in which they change: from what was known of them at the start, the
 * requests that the gtpu probe saw ("rule" and "end_marker" events), and what the module says of a
 * rule when it is asked. Asking is the caller's. */
#pragma once

#include "event.h"
#include "rules.h"

struct rule_timeline;

/* rules: what is known at the start; owned from then on. NULL: out of memory, and rules is the caller's. */
struct rule_timeline *rule_timeline_new(struct rules *rules);
void rule_timeline_free(struct rule_timeline *t); /* NULL is fine */

const struct rules *rule_timeline_rules(const struct rule_timeline *t);

/* Puts the event into the queue; true when it is one of ours. What it borrows is copied. */
bool rule_timeline_take(struct rule_timeline *t, const struct event *e);
uint64_t rule_timeline_left_out(const struct rule_timeline *t); /* requests that did not fit */

/* The oldest request that is not settled. */
struct rule_request {
	struct gtp5g_rule rule; /* kind, seid and id: what to ask for */
	uint64_t netns;		/* 0: the device is in another namespace than the task that asked */
	unsigned ifindex;
	bool superseded; /* a later request for the same rule waits: what the module says of it now is
			  * not the answer to this one */
};

bool rule_timeline_next(const struct rule_timeline *t, struct rule_request *ret);

enum rule_answer {
	RULE_FOUND,
	RULE_GONE,
	RULE_UNKNOWN, /* not asked, or the module could not be asked */
};

/* Settles the oldest request. The answer counts unless the request is superseded by now: requests that
 * the answer may know of must have been taken before. visit is called once, and for a handover or
 * where a UE resumed once more; not at all for a request that leaves the rule as it was. */
void rule_timeline_settle(struct rule_timeline *t, enum rule_answer answer, const struct gtp5g_rule *now,
			  void (*visit)(const struct rules_change *change, void *data), void *data);

/* Before all rules are read again: what is settled from here on may be newer than what is read. */
void rule_timeline_scan_begins(struct rule_timeline *t);
/* What was read takes the place of what is known, except for such rules. Calls visit for what differs,
 * as rules_diff(), and owns now. */
void rule_timeline_rescan(struct rule_timeline *t, struct rules *now,
			  void (*visit)(const struct rules_change *change, void *data), void *data);
