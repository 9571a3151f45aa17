/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The plan's namespaces, veth pairs, addresses and routes. */
#pragma once

#include "err.h"
#include "plan.h"

/* Calls fn with each namespace's name until it returns other than 0, which is returned. */
int lab_topology_each(const struct lab_plan *plan, int (*fn)(const char *netns, void *data), void *data);

/* Makes all. cancel_fd: readable when to stop, which returns -EINTR; -1: never. What was made stays
 * after an error: lab_topology_remove() takes it away. */
int lab_topology_make(const struct lab_plan *plan, int cancel_fd, struct err *err);

/* Removes the namespaces and all in them; goes on after an error, and returns the first. */
int lab_topology_remove(const struct lab_plan *plan, struct err *err);
