/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of each flow of the session from stage to stage: whether its long packets are lost and its short packets
 * pass, and whether packets are doubled. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "plural.h"
#include "why_judge.h"

#define ETHERNET 14
#define ON_THEIR_WAY 2
#define QUEUE_NS (250 * NSEC_PER_MSEC) /* longer than packets wait in a UPF that works */

enum point { AT_ENTRY, AT_DEVICE, AT_EXIT, POINTS };

struct sum {
	uint64_t packets, bytes; /* on the wire, from the IP header on, without the tunnel */
	uint64_t last_ns;
};

/* Of one flow of the session, by its inner addresses and ports. */
struct flow {
	struct sum at[POINTS];
};

static unsigned tunnel_header(bool v4, bool has_qfi)
{
	return (v4 ? 20 : 40) + 8 + (has_qfi ? 16 : 8); /* IP, UDP, GTP-U with a PDU Session Container or without */
}

/* The least that each segment of a bundle has of its own. */
static unsigned headers_of(const struct event_tuple *t)
{
	return (addr_is_v4(&t->src) ? 20 : 40) + (t->proto == IPPROTO_TCP ? 20 : 8);
}

static bool is_tunnelled(const struct agg_flow_key *k)
{
	return k->has_gtp && k->has_inner;
}

static uint64_t bytes_of(const struct agg_flow *f, const char *device, bool v4_peer)
{
	const struct agg_flow_key *k = &f->key;
	unsigned link = strcmp(k->interface, device) ? ETHERNET : 0;
	uint64_t before = f->packets * link;

	if (is_tunnelled(k))
		before += f->segments * tunnel_header(v4_peer, k->has_qfi);
	else if (f->segments > f->packets)
		return f->bytes - MIN(f->bytes, before) + (f->segments - f->packets) * headers_of(&k->outer);
	return f->bytes - MIN(f->bytes, before);
}

struct lookout {
	const struct why_place *place;
	const struct why_seen_facts *seen;
	struct map *flows[WHY_WAYS]; /* struct event_tuple -> struct flow */
};

/* Where the row's packets were, of which direction; false: not on the session's way. At the device a packet to another
 * UE is on its way back, and a gNB of this host has the other side of the loopback device. */
static bool find_point(const struct lookout *l, const struct agg_flow_key *k, enum why_way *way, enum point *point)
{
	const struct event_tuple *t = is_tunnelled(k) ? &k->inner : &k->outer;
	bool in = k->dir == DIR_INGRESS, up = addr_equal(&t->src, &l->seen->ue),
	     down = addr_equal(&t->dst, &l->seen->ue);

	if (up == down || (!is_tunnelled(k) && (k->has_gtp || !k->has_outer)))
		return false;
	*way = up ? WHY_UPLINK : WHY_DOWNLINK;
	*point = in ? AT_ENTRY : AT_EXIT;
	if (is_tunnelled(k))
		return strcmp(k->interface, "lo") != 0 || in == up;
	if (!strcmp(k->interface, l->place->device)) {
		*point = AT_DEVICE;
		return in == up;
	}
	return in == down;
}

static int add_row(const struct lookout *l, const struct agg_flow *f)
{
	const struct agg_flow_key *k = &f->key;
	const struct why_counts *ways = l->seen->ways;
	const struct why_counts *peer = &ways[ways[WHY_UPLINK].has_peer ? WHY_UPLINK : WHY_DOWNLINK];
	enum why_way way;
	enum point point;
	struct flow *flow;

	if (k->tunnel || k->has_vlan || !k->has_dir || !why_place_is(l->place, k->netns) ||
	    !find_point(l, k, &way, &point))
		return 0;
	flow = map_put(l->flows[way], is_tunnelled(k) ? &k->inner : &k->outer, NULL);
	if (!flow)
		return -ENOMEM;
	flow->at[point].packets += f->segments;
	flow->at[point].last_ns = MAX(flow->at[point].last_ns, f->last_ns);
	flow->at[point].bytes += bytes_of(f, l->place->device, !peer->has_peer || addr_is_v4(&peer->peer));
	return 0;
}

/* Long packets are missing, and what got through, if anything, is far shorter. */
static void find_long(const struct sum *from, const struct sum *to, struct why_lengths *ret)
{
	uint64_t packets, bytes;

	if (from->packets <= to->packets || from->bytes <= to->bytes)
		return;
	packets = from->packets - to->packets;
	bytes = from->bytes - to->bytes;
	if (to->packets && to->bytes / to->packets >= bytes / packets / 2)
		return;
	ret->packets += packets;
	ret->bytes += bytes;
}

static uint64_t find_doubled(const struct sum *from, const struct sum *to)
{
	bool more = from->packets && to->packets > from->packets + ON_THEIR_WAY;

	/* By both: one skb may become many packets. */
	if (!more || to->packets * 5 < from->packets * 8 || to->bytes * 5 < from->bytes * 8)
		return 0;
	return to->packets - from->packets;
}

/* Where the packets of each stage come from; -1: not to be compared. Addresses are translated at N6. */
static int stage_before(const struct lookout *l, enum why_way way, enum point point)
{
	bool has_device = l->place->device[0];

	if (point == AT_ENTRY || (point == AT_DEVICE && !has_device))
		return -1;
	if (l->seen->translated && (way == WHY_UPLINK ? point == AT_EXIT : point == AT_DEVICE || !has_device))
		return -1;
	return point == AT_EXIT && has_device ? AT_DEVICE : AT_ENTRY;
}

static void compare(const struct lookout *l, enum why_way way, const struct flow *flow, struct why_counts *ret)
{
	/* A UPF's queues hold packets of the time before: there are more behind it, and no mirror. */
	enum point forwarded = way == WHY_UPLINK ? AT_EXIT : AT_DEVICE;

	for (enum point i = AT_DEVICE; i < POINTS; i++) {
		int before = stage_before(l, way, i);

		if (before < 0)
			continue;
		find_long(&flow->at[before], &flow->at[i], &ret->long_lost[i == AT_EXIT]);
		if (i == forwarded && l->place->device[0])
			ret->doubled += find_doubled(&flow->at[before], &flow->at[i]);
	}
}

/* What came in so long before others left waits in no queue any more. */
static void find_overtaken(const struct lookout *l, enum why_way way, struct why_lengths *ret)
{
	int before = stage_before(l, way, AT_EXIT);
	const struct flow *flow;
	uint64_t last_ns = 0;
	size_t cursor = 0;

	while (before >= 0 && (flow = map_next(l->flows[way], &cursor, NULL)))
		last_ns = MAX(last_ns, flow->at[AT_EXIT].last_ns);
	cursor = 0;
	while (before >= 0 && (flow = map_next(l->flows[way], &cursor, NULL)))
		if (flow->at[before].last_ns + QUEUE_NS < last_ns)
			find_long(&flow->at[before], &flow->at[AT_EXIT], ret);
}

static int sum_lengths(struct lookout *l, const struct why_rows *rows, struct why_seen_facts *ret)
{
	for (size_t i = 0; i < rows->n; i++) {
		int r = rows->twin[i] ? 0 : add_row(l, rows->flows[i]);

		if (r < 0)
			return r;
	}
	for (int way = 0; way < WHY_WAYS; way++) {
		const struct flow *flow;
		size_t cursor = 0;

		while ((flow = map_next(l->flows[way], &cursor, NULL)))
			compare(l, way, flow, &ret->ways[way]);
		find_overtaken(l, way, &ret->ways[way].overtaken);
	}
	return 0;
}

int why_lengths(const struct why_rows *rows, const struct why_place *place, struct why_seen_facts *ret)
{
	_cleanup_(cleanup_map) struct map *up = map_new(sizeof(struct event_tuple), sizeof(struct flow), rows->n + 1);
	_cleanup_(cleanup_map) struct map *down = map_new(sizeof(struct event_tuple), sizeof(struct flow), rows->n + 1);
	struct lookout l = {.place = place, .seen = ret, .flows = {up, down}};

	if (!up || !down)
		return -ENOMEM;
	return ret->has_ue ? sum_lengths(&l, rows, ret) : 0;
}

struct bottleneck {
	const char *interface;
	unsigned mtu, fits; /* the longest packet that passes there; 0: not known */
};

static struct bottleneck find_bottleneck(const struct why_judge *j, bool behind)
{
	const struct why_route *out = j->way == WHY_UPLINK ? &j->net->to_dn : &j->net->to_gnb;
	const struct why_counts *c = j->c->has_peer ? j->c : &j->f->seen.ways[WHY_UPLINK];
	struct bottleneck b = {.interface = out->interface, .mtu = out->mtu, .fits = out->mtu};
	unsigned header = tunnel_header(!c->has_peer || addr_is_v4(&c->peer), c->has_qfi);

	if (!behind)
		return (struct bottleneck){j->net->device, j->net->device_mtu, j->net->device_mtu};
	if (j->way == WHY_DOWNLINK)
		b.fits = b.mtu > header ? b.mtu - header : 0;
	return b;
}

static void advise_mtu(const struct why_judge *j, const struct bottleneck *b)
{
	char device[ADVICE_WORD_MAX];

	if (j->way == WHY_DOWNLINK && j->net->device[0] && j->net->device_mtu > b->fits)
		why_look(j,
			 "%sip link set dev %s mtu %u, and clamp TCP: %siptables -t mangle -A FORWARD -p tcp "
			 "--tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
			 j->f->inside, advice_word(j->net->device, device), b->fits, j->f->inside);
	else
		why_look(j,
			 "clamp TCP: %siptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS "
			 "--clamp-mss-to-pmtu; or a lower MTU at the UEs",
			 j->f->inside);
}

static void say_too_long(const struct why_judge *j, const struct why_lengths *l, const struct bottleneck *b)
{
	char all[64];

	if (l->packets >= j->p->lost)
		snprintf(all, sizeof(all), "%s", j->p->lost == 1 ? "the lost packet has" : "the lost packets have");
	else
		snprintf(all, sizeof(all), "%" PRIu64 " lost packet%s ha%s", l->packets, plural(l->packets),
			 l->packets == 1 ? "s" : "ve");
	why_because(j, "mtu",
		    "%s %" PRIu64 " bytes%s, and %s (MTU %u) takes at most %u%s: short packets pass, long ones do not",
		    all, l->bytes / l->packets, l->packets == 1 ? "" : " on average", b->interface, b->mtu, b->fits,
		    b->fits < b->mtu ? " in a tunnel" : "");
	advise_mtu(j, b);
}

static bool is_too_long(const struct why_lengths *l, const struct bottleneck *b)
{
	return b->fits && l->packets && l->bytes > b->fits * l->packets;
}

/* A download that hangs is a few packets, far fewer than what passes beside them. Before the device the addresses may
 * change: the kernel's own counter has to agree. Behind it packets may wait: others have to have overtaken them. */
static void find_few(const struct why_judge *j)
{
	uint64_t refused = j->f->grown.values[WHY_FRAGMENTS] + j->f->grown.values[WHY_FRAGMENTS6];

	for (int behind = 0; behind < 2 && j->p->state == WHY_FINE; behind++) {
		const struct why_lengths *l = behind ? &j->c->overtaken : &j->c->long_lost[0];
		struct bottleneck b = find_bottleneck(j, behind);

		if (!is_too_long(l, &b) || (!behind && !refused))
			continue;
		j->p->state = WHY_LOSSY;
		j->p->stop = behind ? WHY_LEFT : WHY_REACHED;
		j->p->lost = l->packets;
		say_too_long(j, l, &b);
	}
}

void why_judge_lengths(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_judge j = {.f = f, .net = &f->net, .c = &f->seen.ways[way], .way = way, .p = p};
	bool behind = way == WHY_UPLINK ? p->stop == WHY_LEFT : p->stop > WHY_REACHED;
	const struct why_lengths *l = &j.c->long_lost[behind];
	struct bottleneck b;

	if (p->stop < 0 && p->state == WHY_FINE && way == WHY_DOWNLINK)
		find_few(&j);
	if (p->stop < WHY_REACHED || !why_is_guess(p->reason) || (way == WHY_UPLINK && !behind))
		return;
	b = find_bottleneck(&j, behind);
	if (is_too_long(l, &b) && l->packets >= (p->lost + 1) / 2)
		say_too_long(&j, l, &b);
}
