/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "contexts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "map.h"
#include "record.h"

/* A function's name is one static string, so its address is as good. */
struct key {
	const char *function;
	uint32_t tgid, tid, cpu, context;
};

struct agg_contexts {
	struct map *entries;
	uint64_t refused;
};

struct agg_contexts *agg_contexts_new(size_t max)
{
	struct agg_contexts *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->entries = map_new(sizeof(struct key), sizeof(struct agg_context), max);
	if (c->entries)
		return c;
	free(c);
	return NULL;
}

void agg_contexts_free(struct agg_contexts *c)
{
	if (!c)
		return;
	map_free(c->entries);
	free(c);
}

bool agg_contexts_add(struct agg_contexts *c, const struct event *row)
{
	struct key key = {.function = row->call.function,
			  .tgid = row->tgid,
			  .tid = row->pid,
			  .cpu = row->cpu,
			  .context = event_has(row, F_CONTEXT) ? row->context : CONTEXT_UNKNOWN};
	struct agg_context *entry;
	bool is_new;

	if (row->kind != KIND_CONTEXT)
		return false;
	entry = map_put(c->entries, &key, &is_new);
	if (!entry) {
		c->refused += row->packets;
		return true;
	}
	entry->function = row->call.function;
	entry->tgid = row->tgid;
	entry->tid = row->pid;
	entry->cpu = row->cpu;
	entry->context = (uint8_t)key.context;
	memcpy(entry->comm, row->comm, sizeof(entry->comm));
	entry->calls += row->packets;
	return true;
}

uint64_t agg_contexts_refused(const struct agg_contexts *c)
{
	return c->refused;
}

static int ascending(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare(const void *left, const void *right)
{
	const struct agg_context *a = *(const struct agg_context *const *)left;
	const struct agg_context *b = *(const struct agg_context *const *)right;
	int r = strcmp(a->function, b->function);

	if (!r)
		r = ascending(b->calls, a->calls);
	if (!r)
		r = ascending(a->tid, b->tid);
	if (!r)
		r = ascending(a->cpu, b->cpu);
	return r ? r : ascending(a->context, b->context);
}

int agg_contexts_sorted(const struct agg_contexts *c, const struct agg_context ***ret, size_t *ret_n)
{
	size_t n = map_len(c->entries), cursor = 0, i = 0;
	const struct agg_context **list = calloc(n ? n : 1, sizeof(struct agg_context *));
	const void *key;

	if (!list)
		return -ENOMEM;
	while (i < n && (list[i] = map_next(c->entries, &cursor, &key)))
		i++;
	qsort(list, i, sizeof(struct agg_context *), compare);
	*ret = list;
	*ret_n = i;
	return 0;
}
