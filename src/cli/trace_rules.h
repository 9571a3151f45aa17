/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changes of gtp5g's rules beside the packets of teide trace. */
#pragma once

#include "rules_live.h"
#include "watch.h"

struct trace_rules {
	struct rules_live *live; /* NULL: nobody watches them */
	struct watch *watch;	 /* borrowed */
	bool rescanned;
};

/* Reads the rules when the gtpu probe is one of these: without them a change has no old value. */
void trace_rules_begin(struct trace_rules *t, struct watch *watch, const struct string_list *probes);
void trace_rules_free(struct trace_rules *t); /* of zeroes is fine */

/* true when the event is a request, which trace_rules_settle() tells. */
bool trace_rules_take(struct trace_rules *t, const struct event *e);
void trace_rules_settle(struct trace_rules *t);
/* At a collection; the first one tells what changed between the first look and the hooks. */
void trace_rules_collected(struct trace_rules *t);
