/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide trace: packets, calls and changes of rules as they come. */
#pragma once

#include <stdbool.h>

#include "watch.h"

struct trace_task {
	const struct watch_task *watch;
	bool contexts; /* instead of events: which tasks were on a CPU in the module's functions */
};

/* Runs as watch_run() does, to standard output. */
int trace_run(const struct trace_task *task, struct err *err);
