/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet is seen twice where devices are stacked: at a macvlan and its parent, at a VXLAN device and in the tunnel
 * below it, at a bridge and its port. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "why_internal.h"

static bool is_at(const struct agg_flow *f, const char *device)
{
	return device[0] && !strcmp(f->key.interface, device);
}

/* What packets of one flow have in common wherever they are seen. */
static struct agg_flow_key without_place(const struct agg_flow_key *k)
{
	struct agg_flow_key same;

	memcpy(&same, k, sizeof(same));
	memset(same.interface, 0, sizeof(same.interface));
	memset(same.overlay, 0, sizeof(same.overlay));
	same.ifindex = same.vni = 0;
	same.has_vni = false;
	return same;
}

/* Of as many, the upper device: what it is stacked on was there before it. */
static bool is_better(const struct agg_flow *a, const struct agg_flow *b)
{
	if (a->segments != b->segments)
		return a->segments > b->segments;
	if (!a->key.overlay[0] != !b->key.overlay[0])
		return !a->key.overlay[0];
	return a->key.ifindex > b->key.ifindex;
}

static int mark_twins(struct why_rows *rows, const char *device)
{
	_cleanup_(cleanup_map) struct map *most = map_new(sizeof(struct agg_flow_key), sizeof(size_t), rows->n + 1);

	rows->twin = calloc(rows->n + 1, sizeof(*rows->twin));
	if (!most || !rows->twin)
		return -ENOMEM;
	for (size_t i = 0; i < rows->n; i++) {
		const struct agg_flow *f = rows->flows[i];
		struct agg_flow_key key = without_place(&f->key);
		size_t *best;
		bool is_new;

		if (f->key.has_vlan || is_at(f, device))
			continue;
		best = map_put(most, &key, &is_new);
		if (!best)
			return -ENOMEM;
		if (!is_new)
			rows->twin[is_better(f, rows->flows[*best]) ? *best : i] = true;
		if (is_new || !rows->twin[i])
			*best = i;
	}
	return 0;
}

int why_rows(const struct agg_flows *table, const char *device, struct why_rows *ret)
{
	int r = agg_flows_sorted(table, AGG_BY_BYTE_RATE, &ret->flows, &ret->n);

	return r < 0 ? r : mark_twins(ret, device);
}

void why_rows_free(struct why_rows *rows)
{
	free(rows->flows);
	free(rows->twin);
}

bool why_row_in_tunnel(const struct why_rows *rows, size_t i, const struct why_place *place)
{
	const struct agg_flow_key *k = &rows->flows[i]->key;

	return !rows->twin[i] && !k->tunnel && k->has_gtp && k->has_inner && k->has_dir && !k->has_vlan &&
	       why_place_is(place, k->netns) && strcmp(k->interface, "lo") != 0;
}

enum why_way why_row_way(const struct agg_flow_key *k)
{
	return k->dir == DIR_INGRESS ? WHY_UPLINK : WHY_DOWNLINK;
}
