/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changes of gtp5g's rules among a pipeline's events: each with the rule's old and new value, which the
 * request itself does not say. */
#pragma once

#include "pipeline.h"
#include "rules_live.h"

struct rule_watch {
	struct rules_live *live; /* NULL: no probe sees requests */
	const char *probe;	 /* that sees them */
	event_fn emit;
	void *data; /* borrowed */
	bool rescan;
};

/* Reads the rules when one of these probes sees requests to change them: without them a change has no
 * old value. emit gets each change as an event. */
void rule_watch_begin(struct rule_watch *r, const struct string_list *probes, event_fn emit, void *data);
void rule_watch_free(struct rule_watch *r); /* of zeroes is fine */

/* true when the event is a request: rule_watch_settle() emits what became of it. */
bool rule_watch_take(struct rule_watch *r, const struct event *e);
/* After a batch of events: as rules_live_settle(). false: another batch is wanted. */
bool rule_watch_settle(struct rule_watch *r, uint64_t complete_ns);
/* Settles all. Only without hooks: no more requests come. */
void rule_watch_finish(struct rule_watch *r);
/* At a collection. The first one finds what changed between the first reading of the rules and the hooks; another reads
 * again when a device has come in a namespace that had none. The next rule_watch_settle() emits the changes. */
void rule_watch_collected(struct rule_watch *r);
