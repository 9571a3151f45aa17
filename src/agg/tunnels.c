/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tunnels.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "map.h"

struct agg_flows {
	struct map *map;
	uint64_t idle_ns, last_tick_ns, least_ns;
	uint64_t interval_ns; /* the longest that a row told since the last tick */
	uint64_t window_ns;   /* of which the rates are */
	struct agg_flow rest[AGG_KINDS];
	struct agg_flow_totals totals;
};

struct agg_flows *agg_flows_new(size_t max, uint64_t idle_ns, uint64_t now_ns)
{
	struct agg_flows *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->map = map_new(sizeof(struct agg_flow_key), sizeof(struct agg_flow), max);
	if (!f->map) {
		free(f);
		return NULL;
	}
	f->idle_ns = idle_ns;
	f->last_tick_ns = now_ns;
	return f;
}

void agg_flows_free(struct agg_flows *f)
{
	if (!f)
		return;
	map_free(f->map);
	free(f);
}

void agg_netns_copy(char to[static AGG_NETNS_MAX], const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */
	size_t len = strlen(name);

	if (len < AGG_NETNS_MAX) {
		memcpy(to, name, len);
		return;
	}
	for (const char *p = name; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3ULL;
	snprintf(to, AGG_NETNS_MAX, "%.*s~%016" PRIx64, AGG_NETNS_MAX - 18, name, hash);
}

/* One by one: a struct's assignment would copy its padding, and keys are compared as bytes. */
static void copy_tuple(struct event_tuple *to, const struct event_tuple *from)
{
	to->src = from->src;
	to->dst = from->dst;
	to->sport = from->sport;
	to->dport = from->dport;
	to->proto = from->proto;
}

static bool has_any(const struct event *e, enum event_field first, enum event_field last)
{
	for (unsigned field = first; field <= last; field++) {
		if (event_has(e, field))
			return true;
	}
	return false;
}

static void fill_place(struct agg_flow_key *key, const struct event *e)
{
	if (event_has(e, F_NETNS) && e->netns)
		agg_netns_copy(key->netns, e->netns);
	if (event_has(e, F_INTERFACE))
		memcpy(key->interface, e->interface, strnlen(e->interface, EVENT_NAME_MAX - 1));
	if (event_has(e, F_IFINDEX))
		key->ifindex = e->ifindex;
	key->has_dir = event_has(e, F_DIR);
	if (key->has_dir)
		key->dir = e->dir;
	key->has_cpu = event_has(e, F_CPU);
	if (key->has_cpu)
		key->cpu = e->cpu;
	key->has_vlan = event_has(e, F_VLAN);
	if (key->has_vlan)
		key->vlan = e->flow.vlan;
	key->has_inner_vlan = event_has(e, F_INNER_VLAN);
	if (key->has_inner_vlan)
		key->inner_vlan = e->flow.inner_vlan;
	key->has_vni = event_has(e, F_VNI);
	if (key->has_vni)
		key->vni = e->flow.vni;
	if (event_has(e, F_OVERLAY))
		memcpy(key->overlay, e->flow.overlay, strnlen(e->flow.overlay, AGG_OVERLAY_MAX - 1));
}

static void fill_gtp(struct agg_flow_key *key, const struct event *e)
{
	key->has_gtp = event_has(e, F_GTP_TEID);
	if (key->has_gtp)
		key->teid = e->gtp.teid;
	key->has_type = event_has(e, F_GTP_TYPE);
	if (key->has_type)
		key->type = e->gtp.type;
	key->has_qfi = event_has(e, F_GTP_QFI);
	if (key->has_qfi)
		key->qfi = e->gtp.qfi;
}

static void fill_key(struct agg_flow_key *key, const struct event *e, bool tunnel)
{
	memset(key, 0, sizeof(*key));
	key->tunnel = tunnel;
	fill_place(key, e);
	fill_gtp(key, e);
	key->has_outer = has_any(e, F_OUTER_SRC, F_OUTER_PROTO);
	if (key->has_outer)
		copy_tuple(&key->outer, &e->outer);
	key->has_inner = has_any(e, F_INNER_SRC, F_INNER_PROTO);
	if (key->has_inner)
		copy_tuple(&key->inner, &e->inner);
}

static void add_counts(struct agg_flow *flow, const struct event *row)
{
	flow->packets += row->packets;
	flow->bytes += row->bytes;
	flow->segments += row->flow.segments;
	flow->tcp_flags |= row->flow.tcp_bits;
	flow->interval_packets += row->packets;
	flow->interval_bytes += row->bytes;
	if (event_has(row, F_INTERVAL_NS))
		flow->interval_ns = MAX(flow->interval_ns, row->flow.interval_ns);
}

static void add_to_entry(struct agg_flow *flow, const struct event *row, bool is_new)
{
	uint64_t first = event_has(row, F_FIRST_NS) ? row->first_ns : row->ts_ns;
	uint64_t last = event_has(row, F_LAST_NS) ? row->last_ns : row->ts_ns;

	add_counts(flow, row);
	flow->first_ns = is_new ? first : MIN(flow->first_ns, first);
	flow->last_ns = MAX(flow->last_ns, last);
	if (event_has(row, F_POD) || event_has(row, F_CONTAINER))
		snprintf(flow->owner, sizeof(flow->owner), "%s", event_has(row, F_POD) ? row->pod : row->container);
	flow->twin = event_has(row, F_TWIN);
	if (event_has(row, F_DIRECTION)) {
		flow->has_direction = true;
		flow->direction = row->direction;
	}
}

/* Counts that a row does not carry are absent, whatever the struct holds. */
static struct event only_told(const struct event *row)
{
	struct event e = *row;

	e.packets = event_has(row, F_PACKETS) ? row->packets : 0;
	e.bytes = event_has(row, F_BYTES) ? row->bytes : 0;
	e.flow.segments = event_has(row, F_SEGMENTS) ? row->flow.segments : 0;
	return e;
}

enum agg_kind agg_flow_kind(const struct agg_flow_key *key)
{
	if (key->tunnel)
		return key->has_type && key->type != GTPU_G_PDU ? AGG_MESSAGE : AGG_TUNNEL;
	return key->has_gtp ? AGG_FLOW_INSIDE : AGG_FLOW_PLAIN;
}

static void refuse(struct agg_flows *f, const struct agg_flow_key *key, const struct event *row)
{
	f->totals.refused_rows++;
	f->totals.refused_packets += row->packets;
	f->totals.refused_bytes += row->bytes;
	if (!event_has(row, F_TWIN))
		add_counts(&f->rest[agg_flow_kind(key)], row);
}

bool agg_flows_add(struct agg_flows *f, const struct event *row)
{
	bool tunnel = row->kind == KIND_TUNNEL, is_new;
	struct agg_flow_key key;
	struct agg_flow *flow;
	struct event told;

	if (!tunnel && row->kind != KIND_FLOW)
		return false;
	told = only_told(row);
	f->totals.rows++;
	f->totals.packets += told.packets;
	f->totals.bytes += told.bytes;
	fill_key(&key, row, tunnel);
	flow = map_put(f->map, &key, &is_new);
	if (event_has(row, F_INTERVAL_NS))
		f->interval_ns = MAX(f->interval_ns, row->flow.interval_ns);
	if (!flow) {
		refuse(f, &key, &told);
		return true;
	}
	if (is_new)
		memcpy(&flow->key, &key, sizeof(key));
	add_to_entry(flow, &told, is_new);
	return true;
}

static bool idle(const struct agg_flows *f, const struct agg_flow *flow, uint64_t now_ns)
{
	return f->idle_ns && now_ns > flow->last_ns && now_ns - flow->last_ns > f->idle_ns;
}

static void drop(struct agg_flows *f, const struct agg_flow *flow)
{
	struct agg_flow *rest = &f->rest[agg_flow_kind(&flow->key)];

	f->totals.aged++;
	if (flow->twin)
		return;
	rest->packets += flow->packets;
	rest->bytes += flow->bytes;
	rest->segments += flow->segments;
}

/* before_ns: what the window has of earlier intervals. */
static void rate(struct agg_flow *flow, uint64_t before_ns, uint64_t interval_ns)
{
	uint64_t ns = before_ns + (flow->interval_ns ? flow->interval_ns : interval_ns);
	double seconds = (double)ns / (double)NSEC_PER_SEC;

	if (!before_ns)
		flow->window_packets = flow->window_bytes = 0;
	flow->window_packets += flow->interval_packets;
	flow->window_bytes += flow->interval_bytes;
	flow->packets_per_s = (double)flow->window_packets / seconds;
	flow->bytes_per_s = (double)flow->window_bytes / seconds;
	flow->interval_packets = flow->interval_bytes = flow->interval_ns = 0;
}

void agg_flows_tick(struct agg_flows *f, uint64_t now_ns)
{
	uint64_t passed = now_ns > f->last_tick_ns ? now_ns - f->last_tick_ns : 0;
	uint64_t interval = f->interval_ns ? f->interval_ns : passed;
	uint64_t before = interval < f->least_ns ? f->window_ns : 0;
	struct agg_flow *flow;
	const void *key;
	size_t cursor = 0;

	if (!interval)
		return;
	while ((flow = map_next(f->map, &cursor, &key))) {
		if (!flow->interval_packets && idle(f, flow, now_ns)) {
			drop(f, flow);
			map_remove(f->map, key);
			continue;
		}
		rate(flow, before, interval);
	}
	for (int kind = 0; kind < AGG_KINDS; kind++)
		rate(&f->rest[kind], before, interval);
	f->window_ns = before + interval;
	f->interval_ns = 0;
	f->last_tick_ns = MAX(f->last_tick_ns, now_ns);
}

void agg_flows_least_interval(struct agg_flows *f, uint64_t ns)
{
	f->least_ns = ns;
}

bool agg_flows_rated(const struct agg_flows *f)
{
	return f->window_ns && f->window_ns >= f->least_ns;
}

const struct agg_flow *agg_flows_rest(const struct agg_flows *f, enum agg_kind kind)
{
	return &f->rest[kind];
}

size_t agg_flows_len(const struct agg_flows *f)
{
	return map_len(f->map);
}

struct agg_flow_totals agg_flows_totals(const struct agg_flows *f)
{
	return f->totals;
}

/* More is greater. */
static int by_number(double x, double y)
{
	return (x < y) - (x > y);
}

static int by_count(uint64_t x, uint64_t y)
{
	return (x < y) - (x > y);
}

static int of_equal_ones(const struct agg_flow *x, const struct agg_flow *y)
{
	int r = by_count(x->bytes, y->bytes);

	return r ? r : memcmp(&x->key, &y->key, sizeof(x->key));
}

#define COMPARE(name, compare, member)                                                                                 \
	static int name(const void *a, const void *b)                                                                  \
	{                                                                                                              \
		const struct agg_flow *x = *(const struct agg_flow *const *)a,                                         \
				      *y = *(const struct agg_flow *const *)b;                                         \
		int r = compare(x->member, y->member);                                                                 \
                                                                                                                       \
		return r ? r : of_equal_ones(x, y);                                                                    \
	}

COMPARE(by_byte_rate, by_number, bytes_per_s)
COMPARE(by_packet_rate, by_number, packets_per_s)
COMPARE(by_bytes, by_count, bytes)
COMPARE(by_packets, by_count, packets)
COMPARE(by_last, by_count, last_ns)

int agg_flows_sorted(const struct agg_flows *f, enum agg_sort by, const struct agg_flow ***ret, size_t *ret_n)
{
	static int (*const compare[AGG_SORTS])(const void *a, const void *b) = {
		[AGG_BY_BYTE_RATE] = by_byte_rate, [AGG_BY_PACKET_RATE] = by_packet_rate,
		[AGG_BY_BYTES] = by_bytes,	   [AGG_BY_PACKETS] = by_packets,
		[AGG_BY_LAST] = by_last,
	};
	const struct agg_flow **list = calloc(map_len(f->map) + 1, sizeof(*list));
	const struct agg_flow *flow;
	size_t cursor = 0, n = 0;

	if (!list)
		return -ENOMEM;
	while ((flow = map_next(f->map, &cursor, NULL)))
		list[n++] = flow;
	qsort(list, n, sizeof(*list), compare[by]);
	*ret = list;
	*ret_n = n;
	return 0;
}
