/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "quality.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

struct agg_quality {
	struct map *map;
	uint64_t idle_ns;
};

struct agg_quality *agg_quality_new(size_t max, uint64_t idle_ns)
{
	struct agg_quality *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->idle_ns = idle_ns;
	a->map = map_new(sizeof(struct agg_quality_key), sizeof(struct agg_quality_entry), max);
	if (!a->map) {
		free(a);
		return NULL;
	}
	return a;
}

void agg_quality_free(struct agg_quality *a)
{
	if (!a)
		return;
	map_free(a->map);
	free(a);
}

static void fill_key(struct agg_quality_key *key, const struct event *row)
{
	memset(key, 0, sizeof(*key));
	if (event_has(row, F_NETNS) && row->netns)
		agg_netns_copy(key->netns, row->netns);
	memcpy(key->interface, row->interface, strnlen(row->interface, EVENT_NAME_MAX - 1));
	key->ifindex = row->ifindex;
	key->dir = row->dir;
	key->kind = row->flow.quality ? row->flow.quality->kind : AGG_QUALITY_ERROR;
	key->has_teid = event_has(row, F_GTP_TEID);
	if (key->has_teid)
		key->teid = row->gtp.teid;
	key->has_qfi = event_has(row, F_GTP_QFI);
	if (key->has_qfi)
		key->qfi = row->gtp.qfi;
	if (event_has(row, F_VNI))
		key->vni = row->flow.vni;
	key->src = row->outer.src;
	key->dst = row->outer.dst;
}

bool agg_quality_add(struct agg_quality *a, const struct event *row)
{
	bool error = row->kind == KIND_ERROR_INDICATION, is_new;
	struct agg_quality_entry *entry;
	struct agg_quality_key key;

	if (event_kind_payload(row->kind) != PAYLOAD_FLOW || (!row->flow.quality && !error))
		return false;
	fill_key(&key, row);
	entry = map_put(a->map, &key, &is_new);
	if (!entry)
		return true;
	if (is_new)
		memcpy(&entry->key, &key, sizeof(key));
	if (row->flow.quality)
		event_quality_add(&entry->sum, row->flow.quality);
	else
		entry->sum.packets += row->packets;
	entry->last_ns = row->ts_ns;
	return true;
}

void agg_quality_tick(struct agg_quality *a, uint64_t now_ns)
{
	const struct agg_quality_entry *entry;
	const void *key;
	size_t cursor = 0;

	while ((entry = map_next(a->map, &cursor, &key)))
		if (now_ns > entry->last_ns && now_ns - entry->last_ns > a->idle_ns)
			map_remove(a->map, key);
}

static uint64_t wrong(const struct event_quality *q)
{
	return q->missing - q->filled + q->reordered + q->duplicates + q->stray + q->restarts + q->uncounted +
	       q->unanswered + q->unexpected + q->implausible;
}

static int compare(const void *a, const void *b)
{
	const struct agg_quality_entry *x = *(const struct agg_quality_entry *const *)a;
	const struct agg_quality_entry *y = *(const struct agg_quality_entry *const *)b;
	uint64_t of_x = wrong(&x->sum), of_y = wrong(&y->sum);

	if (x->key.kind != y->key.kind)
		return x->key.kind - y->key.kind;
	if (of_x != of_y)
		return of_x < of_y ? 1 : -1;
	return memcmp(&x->key, &y->key, sizeof(x->key));
}

int agg_quality_sorted(const struct agg_quality *a, const struct agg_quality_entry ***ret, size_t *ret_n)
{
	const struct agg_quality_entry **list = calloc(map_len(a->map) + 1, sizeof(*list));
	const struct agg_quality_entry *entry;
	size_t cursor = 0, n = 0;

	if (!list)
		return -ENOMEM;
	while ((entry = map_next(a->map, &cursor, NULL)))
		list[n++] = entry;
	qsort(list, n, sizeof(*list), compare);
	*ret = list;
	*ret_n = n;
	return 0;
}
