/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "flow_choice.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "tunnels.h"

#define TUNNELS_MAX 65536

/* By what a flow's row tells of its tunnel. */
struct tunnel_key {
	uint64_t netns;
	uint32_t ifindex, teid, vni;
	uint8_t dir, qfi, has_qfi, direction;
};

struct tunnel_ends {
	struct addr src, dst;
	bool several; /* tunnels with that key: whose a flow is cannot be told */
};

struct flow_choice {
	const struct event_filter *filter;
	struct map *tunnels;
};

struct flow_choice *flow_choice_new(const struct event_filter *filter)
{
	struct flow_choice *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->filter = filter;
	c->tunnels = map_new(sizeof(struct tunnel_key), sizeof(struct tunnel_ends), TUNNELS_MAX);
	if (!c->tunnels) {
		flow_choice_free(c);
		return NULL;
	}
	return c;
}

void flow_choice_free(struct flow_choice *c)
{
	if (!c)
		return;
	map_free(c->tunnels);
	free(c);
}

static struct tunnel_key key_of(const struct event *e)
{
	struct tunnel_key k;

	memset(&k, 0, sizeof(k));
	k.netns = e->netns_inode;
	k.ifindex = e->ifindex;
	k.teid = e->gtp.teid;
	k.dir = e->dir;
	k.has_qfi = event_has(e, F_GTP_QFI);
	k.qfi = k.has_qfi ? e->gtp.qfi : 0;
	k.direction = event_has(e, F_DIRECTION) ? 1 + e->direction : 0;
	k.vni = event_has(e, F_VNI) ? 1 + e->flow.vni : 0;
	return k;
}

static void remember(struct flow_choice *c, const struct event *tunnel)
{
	struct tunnel_key key = key_of(tunnel);
	struct tunnel_ends *ends;
	bool is_new;

	ends = map_put(c->tunnels, &key, &is_new);
	if (!ends)
		return;
	if (is_new) {
		ends->src = tunnel->outer.src;
		ends->dst = tunnel->outer.dst;
	}
	ends->several |= !addr_equal(&ends->src, &tunnel->outer.src) || !addr_equal(&ends->dst, &tunnel->outer.dst);
}

/* All that is known of the packets of a row. GTP-U is UDP to its port. */
static void complete(const struct flow_choice *c, struct event *e)
{
	const struct tunnel_ends *ends;
	struct tunnel_key key;

	if (!event_has(e, F_GTP_TEID))
		return;
	e->outer.proto = IPPROTO_UDP;
	e->outer.dport = e->flow.gtp_port;
	event_set(e, F_OUTER_PROTO);
	event_set(e, F_OUTER_DPORT);
	if (event_has(e, F_OUTER_SRC))
		return;
	key = key_of(e);
	ends = map_get(c->tunnels, &key);
	if (!ends || ends->several)
		return;
	e->outer.src = ends->src;
	e->outer.dst = ends->dst;
	event_set(e, F_OUTER_SRC);
	event_set(e, F_OUTER_DST);
}

/* What a tunnel's row cannot answer. */
static bool asks_inside(const struct event_filter *f)
{
	return f->by_address || f->by_ue || f->port || f->by_proto;
}

/* Of a chosen flow its tunnel. */
static void tunnel_of(struct event *e)
{
	e->kind = KIND_TUNNEL;
	e->gtp.type = GTPU_G_PDU;
	event_set(e, F_GTP_TYPE);
	for (unsigned f = F_INNER_SRC; f <= F_TCP_FLAGS; f++)
		event_clear(e, f);
	event_clear(e, F_OUTER_PROTO);
	event_clear(e, F_OUTER_DPORT);
	event_clear(e, F_VLAN);
	event_clear(e, F_INNER_VLAN);
}

/* Of a pair that is looked at in one direction alone, no packet is seen twice. */
static void take_apart(const struct flow_choice *c, struct event *e)
{
	if (c->filter->by_dir && e->flow.twin_turned)
		event_clear(e, F_TWIN);
}

void flow_choice_row(struct flow_choice *c, const struct event *row, event_fn fn, void *data)
{
	bool tunnel = row->kind == KIND_TUNNEL, flow = row->kind == KIND_FLOW;
	bool inside = asks_inside(c->filter);
	struct event whole = *row, told = *row;

	if (tunnel && row->gtp.type == GTPU_G_PDU) {
		remember(c, row);
		if (inside)
			return;
	}
	if (tunnel || flow)
		complete(c, &whole);
	if (!event_filter_passes(c->filter, &whole))
		return;
	take_apart(c, &told);
	fn(data, &told);
	if (!inside || !flow || !event_has(row, F_GTP_TEID))
		return;
	take_apart(c, &whole);
	tunnel_of(&whole);
	fn(data, &whole);
}

void flow_choice_collected(struct flow_choice *c)
{
	map_clear(c->tunnels);
}
