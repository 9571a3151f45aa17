/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "siphash.h"

/* Chains by index into one dense array of entries: iteration is a walk over the array, removal
 * leaves a hole on the free list, so a cursor never skips or repeats. */
struct map {
	size_t key_size, value_size, value_offset, stride;
	size_t max, len, slots, top;
	uint64_t refused;
	uint32_t *buckets; /* index + 1 of the first entry; 0: empty */
	size_t bucket_mask;
	uint32_t free_head; /* index + 1 of the first hole */
	char *entries;
	struct siphash_key secret;
};

struct entry {
	uint32_t next; /* index + 1 */
	uint32_t hash;
	uint32_t used;
	uint32_t pad;
	char key[];
};

struct map *map_new(size_t key_size, size_t value_size, size_t max)
{
	struct map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	if (siphash_key_random(&m->secret) < 0) {
		free(m);
		return NULL;
	}
	m->key_size = key_size;
	m->value_size = value_size;
	m->value_offset = (sizeof(struct entry) + key_size + 15) & ~(size_t)15;
	m->stride = (m->value_offset + value_size + 15) & ~(size_t)15;
	m->max = max;
	return m;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	free(m->buckets);
	free(m->entries);
	free(m);
}

static struct entry *entry_at(const struct map *m, size_t i)
{
	return (struct entry *)(void *)(m->entries + i * m->stride);
}

static void *value_of(const struct map *m, struct entry *e)
{
	return (char *)e + m->value_offset;
}

/* Keys come from the wire: a sender that knew which of them collide could make every look-up a walk over all. */
static uint32_t hash_key(const struct map *m, const void *key)
{
	return (uint32_t)siphash(&m->secret, key, m->key_size);
}

static struct entry *find(const struct map *m, const void *key, uint32_t hash)
{
	uint32_t i;

	if (!m->buckets)
		return NULL;
	for (i = m->buckets[hash & m->bucket_mask]; i; i = entry_at(m, i - 1)->next) {
		struct entry *e = entry_at(m, i - 1);

		if (e->hash == hash && !memcmp(e->key, key, m->key_size))
			return e;
	}
	return NULL;
}

static void rebucket(struct map *m)
{
	memset(m->buckets, 0, (m->bucket_mask + 1) * sizeof(*m->buckets));
	for (size_t i = 0; i < m->top; i++) {
		struct entry *e = entry_at(m, i);

		if (!e->used)
			continue;
		e->next = m->buckets[e->hash & m->bucket_mask];
		m->buckets[e->hash & m->bucket_mask] = (uint32_t)i + 1;
	}
}

static bool grow(struct map *m)
{
	size_t slots = m->slots ? m->slots * 2 : 64;
	uint32_t *buckets;
	char *entries;

	entries = realloc(m->entries, slots * m->stride);
	if (!entries)
		return false;
	m->entries = entries;
	buckets = realloc(m->buckets, slots * 2 * sizeof(*buckets));
	if (!buckets)
		return false;
	m->buckets = buckets;
	m->slots = slots;
	m->bucket_mask = slots * 2 - 1;
	rebucket(m);
	return true;
}

static struct entry *take_slot(struct map *m, size_t *ret_index)
{
	struct entry *e;

	if (m->free_head) {
		*ret_index = m->free_head - 1;
		e = entry_at(m, *ret_index);
		m->free_head = e->next;
		return e;
	}
	if (m->top == m->slots && !grow(m))
		return NULL;
	*ret_index = m->top++;
	return entry_at(m, *ret_index);
}

void *map_put(struct map *m, const void *key, bool *ret_new)
{
	uint32_t hash = hash_key(m, key);
	struct entry *e = find(m, key, hash);
	size_t index;

	if (ret_new)
		*ret_new = !e;
	if (e)
		return value_of(m, e);
	if (m->len >= m->max || !(e = take_slot(m, &index))) {
		m->refused++;
		return NULL;
	}
	memset(e, 0, m->stride);
	memcpy(e->key, key, m->key_size);
	e->hash = hash;
	e->used = 1;
	e->next = m->buckets[hash & m->bucket_mask];
	m->buckets[hash & m->bucket_mask] = (uint32_t)index + 1;
	m->len++;
	return value_of(m, e);
}

void *map_get(const struct map *m, const void *key)
{
	struct entry *e = find(m, key, hash_key(m, key));

	return e ? value_of(m, e) : NULL;
}

bool map_remove(struct map *m, const void *key)
{
	uint32_t hash = hash_key(m, key), *link;
	struct entry *e = find(m, key, hash);
	uint32_t index;

	if (!e)
		return false;
	index = (uint32_t)(((char *)e - m->entries) / (ptrdiff_t)m->stride) + 1;
	for (link = &m->buckets[hash & m->bucket_mask]; *link != index;)
		link = &entry_at(m, *link - 1)->next;
	*link = e->next;
	e->used = 0;
	e->next = m->free_head;
	m->free_head = index;
	m->len--;
	return true;
}

void map_clear(struct map *m)
{
	m->len = m->top = 0;
	m->free_head = 0;
	if (m->buckets)
		memset(m->buckets, 0, (m->bucket_mask + 1) * sizeof(*m->buckets));
}

size_t map_len(const struct map *m)
{
	return m->len;
}

size_t map_longest_chain(const struct map *m)
{
	size_t longest = 0;

	for (size_t b = 0; m->buckets && b <= m->bucket_mask; b++) {
		size_t len = 0;

		for (uint32_t i = m->buckets[b]; i; i = entry_at(m, i - 1)->next)
			len++;
		if (len > longest)
			longest = len;
	}
	return longest;
}

uint64_t map_refused(const struct map *m)
{
	return m->refused;
}

void *map_next(const struct map *m, size_t *cursor, const void **ret_key)
{
	while (*cursor < m->top) {
		struct entry *e = entry_at(m, (*cursor)++);

		if (!e->used)
			continue;
		if (ret_key)
			*ret_key = e->key;
		return value_of(m, e);
	}
	return NULL;
}
