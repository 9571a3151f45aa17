/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What flows and trace have in common beside the session: lines on standard output, and the ledger that ends them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "session.h"
#include "settings.h"
#include "sink.h"

struct watch_task {
	const struct settings *settings;
	struct string_list probes; /* their names; borrowed, as the settings */
	enum sink_format format;
	enum attach_force attach;
	uint64_t duration_ns; /* 0: until a signal */
	int ready_fd;	      /* as that of struct session_options */
	bool once;	      /* until the first collection */
};

struct watch {
	const struct watch_task *task;
	struct session session;
	struct sink *sink;
	void (*on_finished)(void *data); /* after the last rows, before the ledger; may be NULL */
};

/* Runs until a signal, the end of the duration, or watch_flush() at a closed output; then finishes: the last events and
 * rows, and the ledger. Of the options the caller sets what it wants and its handlers; the rest is the task's. */
int watch_run(struct watch *w, const struct watch_task *task, const struct pipeline_options *handlers, struct err *err);

/* Writes what there is. Stops where the output is closed. */
void watch_flush(struct watch *w);

void watch_free(struct watch *w);
