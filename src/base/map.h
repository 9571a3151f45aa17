/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A bounded hash map from fixed-size keys to fixed-size values. Keys are compared as bytes: zero
 * their padding. Each map hashes with a secret of its own, so that a sender of packets cannot choose keys
 * that collide. Pointers to values stay valid until the next map_put() or map_remove(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

struct map;

/* max: more entries than that are refused and counted. NULL when out of memory, or the kernel
 * has no random numbers. */
struct map *map_new(size_t key_size, size_t value_size, size_t max);
void map_free(struct map *m); /* NULL is fine */
DEFINE_CLEANUP(struct map *, map, map_free)

/* The value under key, zeroed when new; NULL when the map is full (counted) or out of memory. */
void *map_put(struct map *m, const void *key, bool *ret_new);
void *map_get(const struct map *m, const void *key);
bool map_remove(struct map *m, const void *key);
void map_clear(struct map *m);
size_t map_len(const struct map *m);
uint64_t map_refused(const struct map *m);
size_t map_longest_chain(const struct map *m); /* the entries that the slowest look-up compares */

/* Iterates in no particular order: start with *cursor = 0; NULL at the end. map_remove() of the
 * entry just returned is allowed and may revisit none and skip none. */
void *map_next(const struct map *m, size_t *cursor, const void **ret_key);
