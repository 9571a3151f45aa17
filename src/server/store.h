/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one list of strategies, in memory, last writer wins. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "jsonw.h"

#define STORE_MAX 4096 /* entries of one list: as many as teide's own client reads */

struct store_entry {
	int32_t pid; /* 0: none given */
	uint64_t execution_time_ns;
	bool priority;
	bool by_selectors; /* its pid does not count */
};

struct store {
	struct store_entry *entries; /* owned */
	size_t len;
	bool ever_set;
	bool cached; /* a GET has resolved this list before */
	uint64_t hits, misses;
};

void store_free(struct store *store);

/* Replaces the list by {"strategies":[...]}; -EINVAL or -E2BIG and the list stays when the text is not
 * that. -ENOMEM.
 * An absent or null list is an empty one. */
int store_replace(struct store *store, const char *text, size_t len, struct err *err);

/* Writes the resolved list under key: null when a list was set and none of it resolves. Counts a hit
 * or a miss; returns true for a hit. */
bool store_write(struct store *store, struct jw *j, const char *key);
