/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The frame of a verb that runs until something ends it: a loop, the signals that ask the program to end
 * (base/signals.h), the probes, and the order of the end: session_run(), session_finish(), session_ledger(). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "pipeline.h"

struct session_options {
	void (*on_end_signal)(void *data); /* at each such signal; NULL: the session stops */
	void *data;
	uint64_t duration_ns; /* the session stops that long after session_ready(); 0: it does not */
	int ready_fd;	      /* where session_ready() writes; 0: nowhere */
	bool notify;	      /* session_ready() tells the service manager too */
};

struct session {
	struct session_options options;
	struct loop *loop;
	struct loop_source *end;   /* of the duration; NULL: it has none */
	struct pipeline *pipeline; /* NULL: none was started */
	bool stopped;
	int result; /* what session_run() returns */
};

/* Makes the loop and takes the signals. Open it before anything that has to be undone. A signal that comes before
 * session_run() is handled there. SIGPIPE is ignored from here on. */
int session_open(struct session *s, const struct session_options *options, struct err *err);

/* As pipeline_start(). */
int session_start(struct session *s, const struct pipeline_options *options, struct err *err);

/* The verb does its work from here on: says so as base/ready.h has it, and the duration begins. A parent that cannot be
 * told is a warning. */
void session_ready(const struct session *s);

/* Runs until session_stop(), and returns its value; -errno with a message when the loop failed. */
int session_run(struct session *s, struct err *err);
void session_stop(struct session *s, int result);

/* As pipeline_finish() and pipeline_ledger(). */
int session_finish(struct session *s, struct err *err);
void session_ledger(struct session *s, pipeline_ledger_fn fn, void *data);

/* Frees the pipeline and the loop; a session of zeroes is fine. Free before it what was added to the loop. */
void session_close(struct session *s);
