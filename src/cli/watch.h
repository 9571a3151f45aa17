/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What trace and flows have in common: their options, the probes on a loop, the end. */
#pragma once

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "pipeline.h"
#include "settings.h"
#include "sink.h"

struct watch {
	struct settings settings;
	struct string_list probes;     /* --probe */
	struct string_list places;     /* --netns, --pod, --container, --all */
	struct string_list interfaces; /* -i */
	struct string_list keys;       /* --set */
	const char *config_path, *duration;
	enum sink_format format;
	enum attach_force attach;
	bool once, quiet;
	void (*on_finished)(void *data); /* after the last rows, before the ledger; may be NULL */

	struct loop *loop;
	struct pipeline *pipeline;
	struct sink *sink;
	bool stopped;
};

/* A child for argp: its input is a struct watch. */
extern const struct argp watch_argp;

/* Loads the configuration and puts the flags into it. */
int watch_prepare(struct watch *w, struct err *err);

/* Runs until a signal, --duration, --once's collection, or a closed output; then finishes: the last
 * events and rows, and the ledger. */
int watch_run(struct watch *w, const struct pipeline_options *options, struct err *err);

void watch_free(struct watch *w);

/* Prints the error and gives the exit code. */
int watch_exit(int r, const struct err *err);
