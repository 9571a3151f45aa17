/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The verbs of teide lab, with what they write to standard output. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "plan.h"
#include "traffic.h"

struct lab_task {
	struct lab_options options;
	struct lab_traffic_options traffic;
	bool auto_upf;	/* else options.upf is the kind of UPF */
	bool has_flows; /* else options.flows is one, or two with a flow rule */
	bool ipv4_only; /* options.inner_ipv6 is set by it and by what the UPF carries */
	bool json;
	const char *node_kind, *node_index; /* of the verb that starts a node's program */
};

int lab_verb_up(struct lab_task *task, struct err *err);
int lab_verb_status(struct lab_task *task, struct err *err);
int lab_verb_traffic(struct lab_task *task, struct err *err);
int lab_verb_down(struct lab_task *task, struct err *err);

/* Runs a node's program until a signal ends it; says at LAB_READY_FD (process.h) that it is ready, or why it is not. */
int lab_verb_node(struct lab_task *task, struct err *err);
