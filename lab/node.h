/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lab's programs: one process each, inside its network namespace. */
#pragma once

#include "err.h"
#include "plan.h"

/* Runs node number index (from 1, as in the plan) of its kind in the calling thread's network
 * namespace until a signal asks it to end (signals.h); the caller has one thread. Names the process and with it all
 * its threads, creates its TUN device, and writes one byte to ready_fd (unless -1) when it serves.
 * Returns 0 after the signal, or -errno. */
int lab_node_main(const struct lab_plan *plan, enum lab_node_kind kind, unsigned index, int ready_fd, struct err *err);
