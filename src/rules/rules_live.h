/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* gtp5g's rules while they change: the requests that the gtpu probe sees, with what the module says
 * of each rule when it is asked. */
#pragma once

#include "err.h"
#include "event.h"
#include "rules.h"

struct rules_live;

/* Reads all rules there are now; netns as for rules_scan(). No device at all is fine: they may come. */
int rules_live_new(struct rules_live **ret, const char *netns, struct err *err);
/* The same from rules that were read; owned from then on, also on failure. */
int rules_live_of(struct rules_live **ret, const char *netns, struct rules *rules, struct err *err);
void rules_live_free(struct rules_live *l); /* NULL is fine */

const struct rules *rules_live_rules(const struct rules_live *l);

/* true when the event is a request, which is kept for rules_live_settle(). */
bool rules_live_take(struct rules_live *l, const struct event *e);

typedef void (*rules_change_fn)(const struct rules_change *change, void *data);

/* Tells what the oldest request changed, and asks the module about the next: in its namespace, one a call. Every event
 * made before complete_ns (CLOCK_BOOTTIME) has been taken; UINT64_MAX: no more events come. true: nothing is left to
 * settle. Else call again with more events taken. */
bool rules_live_settle(struct rules_live *l, uint64_t complete_ns, rules_change_fn visit, void *data);

/* Reads all rules again. rules_live_settle() then tells what changed without a request that was seen. 0, or -errno and
 * what was known stays. */
int rules_live_scan(struct rules_live *l, struct err *err);

/* A change as an event of the probe of that name, "rule", "handover" or "resumed", for emit. */
void rules_change_event(const struct rules *t, const struct rules_change *change, const char *probe, event_fn emit,
			void *data);
