/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide flows: live tables of tunnels and flows, or their rows as JSON. */
#pragma once

#include "event_filter.h"
#include "flow_table.h"
#include "watch.h"

struct flows_task {
	const struct watch_task *watch;
	const struct event_filter *filter; /* NULL: all rows */
	struct flow_view view;		   /* width and height are measured */
};

/* Runs as watch_run() does, to standard output. */
int flows_run(const struct flows_task *task, struct err *err);
