/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A back end takes strategies and keeps them in force: an API server, or this kernel's own scheduler. Each has
 * a struct of its own that begins with a struct backend. backend_fallback.h makes one of two. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "strategy.h"

struct backend_stats {
	bool working;				 /* what was last asked of it was done */
	size_t entries;				 /* in force */
	uint64_t applied;			 /* lists */
	uint64_t errors;			 /* what could not be done */
	uint64_t last_success_ns, last_error_ns; /* boot clock; 0: never */
	char last_error[512];			 /* "" when there was none; safe to log */
};

typedef void (*backend_done_fn)(void *data, int r);

struct backend;

struct backend_ops {
	const char *name; /* as in sched.backend */
	/* Takes a copy as the list to keep in force; an empty one boosts no process. -ENOMEM. */
	int (*set)(struct backend *b, const struct strategy_list *list);
	/* Takes everything back and calls done once, from within the call or from the loop: 0, or
	 * -errno when that could not be done before the deadline. done may free the back end. */
	void (*withdraw)(struct backend *b, uint64_t deadline_ns, backend_done_fn done, void *data);
	void (*stats)(const struct backend *b, struct backend_stats *ret);
	void (*free)(struct backend *b); /* withdraws nothing */
};

struct backend {
	const struct backend_ops *ops;
};
