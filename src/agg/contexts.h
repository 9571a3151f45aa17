/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which tasks were on the CPU in each function, over the rows "context" that a probe collects. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

struct agg_context {
	const char *function;
	uint32_t tgid, tid, cpu;
	uint8_t context;	   /* enum record_context; CONTEXT_UNKNOWN where the row does not say */
	char comm[EVENT_NAME_MAX]; /* of its last row */
	uint64_t calls;
};

struct agg_contexts;

/* At most max entries. NULL when out of memory. */
struct agg_contexts *agg_contexts_new(size_t max);
void agg_contexts_free(struct agg_contexts *c); /* NULL is fine */

/* Adds a row "context"; false for any other event, which is ignored. */
bool agg_contexts_add(struct agg_contexts *c, const struct event *row);

uint64_t agg_contexts_refused(const struct agg_contexts *c); /* calls of rows without room */

/* By function, in it those with most calls first; then by task and CPU. The caller frees *ret; the
 * entries are valid until the next add. 0 or -ENOMEM. */
int agg_contexts_sorted(const struct agg_contexts *c, const struct agg_context ***ret, size_t *ret_n);
