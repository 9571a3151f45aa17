/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lab's processes: started in their namespaces, ended by what identifies them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "plan.h"
#include "state.h"

#define LAB_READY_FD 3 /* where a node's program finds its end of the readiness pipe */

/* How long to wait. */
struct lab_wait {
	int cancel_fd;	      /* as in topology.h */
	uint64_t deadline_ns; /* boot clock */
};

/* Starts every node of a kind and waits until all are ready: one that fails is an error with its
 * own words. They are in *state, and state is written, before they do anything; if the caller dies
 * they end by themselves until then. */
int lab_process_start(const struct lab_plan *plan, enum lab_node_kind kind, struct lab_state *state,
		      const struct lab_wait *wait, struct err *err);

/* What a node's program says on LAB_READY_FD instead of being ready. */
void lab_process_say_failed(int fd, int r, const struct err *err);

bool lab_process_is_alive(const struct lab_process *process);

/* SIGTERM, and SIGKILL to the processes that are left after grace_ms. -ETIMEDOUT when one does not end at all. */
int lab_process_end(const struct lab_process *processes, unsigned n, unsigned grace_ms, struct err *err);

/* Ends whatever else lives in the lab's namespaces. -EDEADLK when the caller itself does. */
int lab_process_end_strays(const struct lab_plan *plan, unsigned grace_ms, struct err *err);
