/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changes of gtp5g's rules among a pipeline's events: each with the rule's old and new value, which the
 * request itself does not say. */
#pragma once

#include "pipeline.h"
#include "rules_live.h"

struct rule_watch {
	struct rules_live *live; /* NULL: nobody watches them */
	const char *probe;	 /* whose events they are */
	struct pipeline *const *pipeline; /* borrowed, as is data */
	event_fn emit;
	void *data;
	bool rescan;
};

/* Reads the rules when one of these probes sees requests to change them: without them a change has no
 * old value. *pipeline is theirs once it runs. */
void rule_watch_begin(struct rule_watch *r, const struct string_list *probes,
		       struct pipeline *const *pipeline, event_fn emit, void *data);
void rule_watch_free(struct rule_watch *r); /* of zeroes is fine */

/* true when the event is a request, which rule_watch_settle() tells. */
bool rule_watch_take(struct rule_watch *r, const struct event *e);
/* As rules_live_settle(): what stays is for the next call. */
bool rule_watch_settle(struct rule_watch *r);
/* Settles all. Only without hooks: no more requests come. */
void rule_watch_finish(struct rule_watch *r);
/* At a collection. The first one tells what changed between the first look and the hooks; another looks
 * again when a device has come in a namespace that had none. */
void rule_watch_collected(struct rule_watch *r);
