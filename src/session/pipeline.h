/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Probes on a loop: events as they come, rows of counts once an interval, the ledger at any time. */
#pragma once

#include "event.h"
#include "loop.h"
#include "probe.h"

struct pipeline;

struct pipeline_options {
	const struct config *config;
	const struct string_list *probes; /* names */
	enum attach_force attach;
	bool events;	    /* all events of the rings are wanted */
	bool newcomers;	    /* or those of a task that is seen to send for the first time */
	bool notable;	    /* or those few that a reader should see unasked */
	bool go_on_without; /* a probe that this node cannot run, or that has nothing to do by the
			     * configuration, is logged and left out */
	bool wait;	    /* a target that is not there may still come, and any may go */
	uint64_t collect_interval_ns;
	event_fn on_event;
	event_fn on_row;
	/* After each batch of events, and ten times a second; may be NULL. Every event made before complete_ns
	 * (CLOCK_BOOTTIME) has been handed on. true: another batch is wanted, which follows at once unless this turn of
	 * the loop has lasted long. */
	bool (*on_drained)(void *data, uint64_t complete_ns);
	void (*on_collected)(void *data, uint64_t now_ns); /* after each collection; may be NULL */
	void *data;
};

/* Starts the probes. -EINVAL for a name that is no probe, -EOPNOTSUPP for one that cannot run here.
 * On failure nothing stays attached. What the options point at must outlive the pipeline. */
int pipeline_start(struct pipeline **ret, struct loop *loop, const struct pipeline_options *options, struct err *err);

size_t pipeline_probes(const struct pipeline *p); /* that run */

/* Gives the processes of the path to the probes that watch processes; and whether such a probe runs. */
void pipeline_watch(struct pipeline *p, const uint32_t *tgids, size_t n);
bool pipeline_watches(const struct pipeline *p);

/* Hands on the rows of what was counted so far, now. */
void pipeline_collect(struct pipeline *p);

/* Takes the hooks off, then hands on the last events and counts: from here on the ledger is exact. 0, or
 * -errno when a hook stays. */
int pipeline_finish(struct pipeline *p, struct err *err);

typedef void (*pipeline_ledger_fn)(void *data, const char *probe, const struct ledger_row *row);
void pipeline_ledger(struct pipeline *p, pipeline_ledger_fn fn, void *data);

void pipeline_free(struct pipeline *p); /* NULL is fine */
