/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What TC's rows say. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "why_internal.h"

#define DESTINATIONS_MAX 64
#define INTERFACES_MAX 32
#define BY_UE_MAX 64
#define TYPE_G_PDU 255 /* TS 29.281 6.1 */

bool why_place_is(const struct why_place *place, const char *netns)
{
	return !strcmp(place->netns, netns) || !strcmp(place->inode, netns);
}

/* While what was seen is summed up. */
struct sum {
	const struct why_place *place;
	struct why_marks marks;
	struct why_seen_facts *ret;
	struct event_tuple to[DESTINATIONS_MAX]; /* of the uplink */
	size_t n_to;
	const struct agg_flow *by_ue[BY_UE_MAX]; /* tunnels between the UE and another node */
	size_t n_by_ue;
	uint64_t tunnels, flows;	      /* uplink, in its TEIDs: by each kind of row */
	uint64_t in[WHY_WAYS], out[WHY_WAYS]; /* most at one interface, of one flow */
	uint64_t far[WHY_WAYS], peer[WHY_WAYS];
	bool has_translated;
};

static void most(uint64_t *best, uint64_t n, char to[static IF_NAMESIZE], const char *name)
{
	if (n <= *best)
		return;
	*best = n;
	snprintf(to, IF_NAMESIZE, "%s", name);
}

static void far_end(struct sum *s, enum why_way way, const struct addr *a, uint64_t n)
{
	if (n <= s->far[way])
		return;
	s->far[way] = n;
	s->ret->ways[way].has_far_end = true;
	s->ret->ways[way].far_end = *a;
}

static void arrived(struct sum *s, enum why_way way, const struct agg_flow *f)
{
	struct why_counts *c = &s->ret->ways[way];

	c->arrived += f->segments;
	most(&s->in[way], f->segments, c->in, f->key.interface);
}

static void left(struct sum *s, enum why_way way, const struct agg_flow *f)
{
	struct why_counts *c = &s->ret->ways[way];

	c->left += f->segments;
	most(&s->out[way], f->segments, c->out, f->key.interface);
}

/* Of IPv4 too: ::ffff:224.0.0.0/100. */
static bool is_group(const struct addr *a)
{
	return addr_is_v4(a) ? (a->b[12] & 0xf0) == 0xe0 : a->b[0] == 0xff;
}

/* What is for a group on a link is not translated: the node's own is not its. */
static void add_destination(struct sum *s, const struct event_tuple *t)
{
	if (s->n_to < DESTINATIONS_MAX && !is_group(&t->dst))
		s->to[s->n_to++] = *t;
}

static bool is_ue(const struct sum *s, const struct addr *a)
{
	return s->marks.has_ue && addr_equal(a, &s->marks.ue);
}

static void uplink_in(struct sum *s, const struct agg_flow *f)
{
	struct why_counts *c = &s->ret->ways[WHY_UPLINK];
	bool known = why_marks_teid(&s->marks, WHY_UPLINK, f->key.teid);

	arrived(s, WHY_UPLINK, f);
	far_end(s, WHY_UPLINK, &f->key.inner.dst, f->segments);
	add_destination(s, &f->key.inner);
	if (known || !s->marks.told)
		return;
	c->other_teid += f->segments;
	c->other_teid_value = f->key.teid;
}

/* On the loopback device a gNB of this host sends, and receives, what the UPF receives, and sends. */
static bool is_of_gnb(const struct sum *s, const struct agg_flow *f)
{
	const struct event_tuple *t = &f->key.inner;

	return !strcmp(f->key.interface, "lo") && (f->key.dir == DIR_INGRESS ? is_ue(s, &t->dst) : is_ue(s, &t->src));
}

static void tunnelled(struct sum *s, const struct agg_flow *f)
{
	struct why_counts *up = &s->ret->ways[WHY_UPLINK], *down = &s->ret->ways[WHY_DOWNLINK];
	const struct event_tuple *t = &f->key.inner;
	bool in = f->key.dir == DIR_INGRESS;

	if (is_of_gnb(s, f))
		return;
	if (in && why_marks_teid(&s->marks, WHY_UPLINK, f->key.teid))
		s->flows += f->packets;
	if (in && is_ue(s, &t->src)) {
		uplink_in(s, f);
	} else if (in && is_ue(s, &t->dst)) {
		arrived(s, WHY_DOWNLINK, f);
		down->arrived_n9 += f->segments;
	} else if (is_ue(s, &t->dst)) {
		left(s, WHY_DOWNLINK, f);
	} else if (is_ue(s, &t->src)) {
		left(s, WHY_UPLINK, f);
		up->left_n9 += f->segments;
	} else if (in && why_marks_teid(&s->marks, WHY_UPLINK, f->key.teid) && s->marks.has_ue &&
		   addr_is_v4(&t->src) == addr_is_v4(&s->marks.ue)) {
		up->other_ue += f->segments;
		up->other_ue_value = t->src;
		most(&s->in[WHY_UPLINK], f->segments, up->in, f->key.interface);
	}
}

static void count_icmp(struct why_counts *c, const struct agg_flow *f)
{
	const struct event_tuple *t = &f->key.outer;
	bool four = t->proto == IPPROTO_ICMP, six = t->proto == IPPROTO_ICMPV6;

	if ((four && t->sport == ICMP_DEST_UNREACH && t->dport == ICMP_FRAG_NEEDED) ||
	    (six && t->sport == ICMP6_PACKET_TOO_BIG))
		c->too_big += f->segments;
	else if ((four && t->sport == ICMP_DEST_UNREACH) || (six && t->sport == ICMP6_DST_UNREACH))
		c->unreachable += f->segments;
}

static void at_device(struct sum *s, const struct agg_flow *f)
{
	if (f->key.dir == DIR_INGRESS && is_ue(s, &f->key.outer.src))
		s->ret->ways[WHY_UPLINK].device += f->segments;
	else if (f->key.dir == DIR_EGRESS && is_ue(s, &f->key.outer.dst))
		s->ret->ways[WHY_DOWNLINK].device += f->segments;
	else if (f->key.dir == DIR_EGRESS && is_ue(s, &f->key.outer.src))
		s->ret->ways[WHY_UPLINK].to_other_ue += f->segments;
}

/* A UE in the UPF's network namespace: it sends by the interface that has its address, which is not N6. */
static bool is_ues_own(const struct sum *s, const char *interface)
{
	for (size_t i = 0; i < s->place->n_addresses; i++)
		if (is_ue(s, &s->place->addresses[i]) && !strcmp(s->place->owners[i], interface))
			return true;
	return false;
}

static void plain(struct sum *s, const struct agg_flow *f)
{
	const struct event_tuple *t = &f->key.outer;

	if (s->place->device[0] && !strcmp(f->key.interface, s->place->device)) {
		at_device(s, f);
	} else if (is_ues_own(s, f->key.interface)) {
		return;
	} else if (f->key.dir == DIR_EGRESS && is_ue(s, &t->src)) {
		left(s, WHY_UPLINK, f);
	} else if (f->key.dir == DIR_INGRESS && is_ue(s, &t->dst)) {
		arrived(s, WHY_DOWNLINK, f);
		far_end(s, WHY_DOWNLINK, &t->src, f->segments);
		count_icmp(&s->ret->ways[WHY_DOWNLINK], f);
	}
}

/* The outer addresses of its tunnels; and how many packets are in them, well formed or not. */
static void tunnel(struct sum *s, const struct agg_flow *f)
{
	enum why_way way = f->key.dir == DIR_INGRESS ? WHY_UPLINK : WHY_DOWNLINK;
	struct why_counts *c = &s->ret->ways[way];

	if (f->key.type != TYPE_G_PDU || !why_marks_teid(&s->marks, way, f->key.teid))
		return;
	if (way == WHY_UPLINK)
		s->tunnels += f->packets;
	if (f->packets <= s->peer[way])
		return;
	s->peer[way] = f->packets;
	c->has_peer = c->has_teid = true;
	c->peer = way == WHY_UPLINK ? f->key.outer.src : f->key.outer.dst;
	c->teid = f->key.teid;
	c->has_qfi = f->key.has_qfi;
	c->qfi = f->key.qfi;
}

static bool is_own(const struct why_place *p, const struct addr *a)
{
	for (size_t i = 0; i < p->n_addresses; i++)
		if (addr_equal(&p->addresses[i], a))
			return true;
	return false;
}

static bool wanted(const struct sum *s, const struct addr *to, uint16_t port, uint8_t proto)
{
	bool ports = proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;

	for (size_t i = 0; i < s->n_to; i++)
		if (addr_equal(&s->to[i].dst, to) && s->to[i].proto == proto && (!ports || s->to[i].dport == port))
			return true;
	return false;
}

/* Neighbour discovery is the link's own (RFC 4861 4). */
static bool is_neighbour_discovery(const struct event_tuple *t)
{
	return t->proto == IPPROTO_ICMPV6 && t->sport >= ND_ROUTER_SOLICIT && t->sport <= ND_REDIRECT;
}

/* The node's own address has taken the UE's place (masquerade), and the UE's comes back later: after
 * TC at egress, before it at ingress. */
static void translated(struct sum *s, const struct agg_flow *f)
{
	const struct event_tuple *t = &f->key.outer;

	if (is_neighbour_discovery(t))
		return;
	if (f->key.dir == DIR_EGRESS && is_own(s->place, &t->src) && wanted(s, &t->dst, t->dport, t->proto)) {
		left(s, WHY_UPLINK, f);
		s->has_translated = true;
	} else if (f->key.dir == DIR_INGRESS && is_own(s->place, &t->dst) && wanted(s, &t->src, t->sport, t->proto)) {
		arrived(s, WHY_DOWNLINK, f);
		far_end(s, WHY_DOWNLINK, &t->src, f->segments);
	}
}

/* A tagged packet is seen again, without its tag, at the VLAN's own interface. */
static bool counts(const struct sum *s, const struct agg_flow *f)
{
	return !f->key.has_vlan && f->key.has_dir && why_place_is(s->place, f->key.netns);
}

/* A UE that is a gNB or a relay: what it sends, and is sent, is GTP-U outside of its own tunnel. The rows of flows have
 * such G-PDUs by the addresses inside, other messages by those outside. */
static bool is_by_ue(const struct sum *s, const struct agg_flow *f)
{
	return f->key.tunnel && (is_ue(s, &f->key.outer.src) || is_ue(s, &f->key.outer.dst));
}

static void list_by_ue(struct sum *s, const struct why_rows *rows)
{
	s->n_by_ue = 0;
	for (size_t i = 0; i < rows->n && s->n_by_ue < BY_UE_MAX; i++)
		if (is_by_ue(s, rows->flows[i]))
			s->by_ue[s->n_by_ue++] = rows->flows[i];
}

/* What is in such a tunnel may have any address, the UE's too. */
static bool is_within_ue(const struct sum *s, const struct agg_flow *f)
{
	for (size_t i = 0; i < s->n_by_ue; i++) {
		const struct agg_flow *t = s->by_ue[i];

		if (t->key.teid == f->key.teid && t->key.dir == f->key.dir && !strcmp(t->key.netns, f->key.netns) &&
		    !strcmp(t->key.interface, f->key.interface))
			return true;
	}
	return false;
}

static bool is_tunnelled(const struct sum *s, const struct agg_flow *f)
{
	return !f->key.tunnel && f->key.has_gtp && f->key.has_inner && !is_within_ue(s, f);
}

/* Of an address its TEIDs, of a TEID its address; where rules do not tell. */
static void learn(struct sum *s, const struct agg_flow *f)
{
	struct why_marks *m = &s->marks;
	bool up = f->key.dir == DIR_INGRESS;
	const struct addr *ue = up ? &f->key.inner.src : &f->key.inner.dst;
	enum why_way way = up ? WHY_UPLINK : WHY_DOWNLINK;

	if (m->has_ue && addr_equal(&m->ue, ue) && !(up && m->told))
		why_marks_add(m, way, f->key.teid);
	else if (!m->has_ue && why_marks_teid(m, way, f->key.teid)) {
		m->has_ue = true;
		m->ue = *ue;
	}
}

/* The UPF's host tells the UE that it does not forward a packet: no answer of a far end. */
static bool is_own_error(const struct sum *s, const struct agg_flow *f)
{
	const struct event_tuple *t = is_tunnelled(s, f) ? &f->key.inner : &f->key.outer;

	return !f->key.tunnel && why_is_icmp_error(t) && is_ue(s, &t->dst) && is_own(s->place, &t->src);
}

static void sum_flow(struct sum *s, const struct agg_flow *f)
{
	if (is_own_error(s, f))
		return;
	if (is_by_ue(s, f) && f->key.type == TYPE_G_PDU)
		plain(s, f);
	else if (f->key.tunnel && !is_by_ue(s, f))
		tunnel(s, f);
	else if (is_tunnelled(s, f))
		tunnelled(s, f);
	else if (!f->key.has_gtp && f->key.has_outer)
		plain(s, f);
}

static void learn_all(struct sum *s, const struct why_rows *rows)
{
	/* Twice: by a TEID its address, by that the other direction's TEID. */
	for (int pass = 0; pass < 2; pass++) {
		list_by_ue(s, rows);
		for (size_t i = 0; i < rows->n; i++)
			if (counts(s, rows->flows[i]) && is_tunnelled(s, rows->flows[i]))
				learn(s, rows->flows[i]);
	}
}

static bool has_its_teid(const struct sum *s, const struct why_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct agg_flow *f = rows->flows[i];

		if (f->key.has_gtp && counts(s, f) &&
		    (why_marks_teid(&s->marks, WHY_UPLINK, f->key.teid) ||
		     why_marks_teid(&s->marks, WHY_DOWNLINK, f->key.teid)))
			return true;
	}
	return false;
}

/* No packet has the TEID that was asked for: that of a direction that has not begun, where there is one alone. */
static int suppose(struct sum *s, const struct why_seen *seen, const struct why_rows *rows)
{
	int r;

	if (s->marks.has_ue || s->marks.told || !s->place->user_space || has_its_teid(s, rows))
		return 0;
	r = why_halves(seen, rows, s->place, s->ret);
	if (r < 0 || s->ret->n_halves != 1 || s->ret->halves_left_out)
		return r;
	s->marks.has_ue = true;
	s->marks.ue = s->ret->halves[0].ue;
	learn_all(s, rows);
	return 0;
}

static void sum_flows(struct sum *s, const struct why_rows *rows)
{
	list_by_ue(s, rows);
	for (size_t i = 0; i < rows->n; i++)
		if (!rows->twin[i] && counts(s, rows->flows[i]))
			sum_flow(s, rows->flows[i]);
}

static void sum_translated(struct sum *s, const struct why_rows *rows)
{
	if (s->ret->ways[WHY_UPLINK].left && !s->has_translated)
		return;
	for (size_t i = 0; i < rows->n; i++) {
		const struct agg_flow *f = rows->flows[i];

		if (!rows->twin[i] && counts(s, f) && !f->key.tunnel && !f->key.has_gtp && f->key.has_outer)
			translated(s, f);
	}
	s->ret->translated = s->has_translated;
}

/* Interfaces that a direction's tunnels were seen at. */
struct interfaces {
	const char *names[INTERFACES_MAX];
	size_t n;
};

static bool has_interface(const struct interfaces *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->names[i], name))
			return true;
	return false;
}

static void list_interfaces(const struct sum *s, const struct why_rows *rows, enum why_way way, struct interfaces *ret)
{
	for (size_t i = 0; i < rows->n && ret->n < INTERFACES_MAX; i++) {
		const struct agg_flow *f = rows->flows[i];
		bool up = f->key.dir == DIR_INGRESS && is_ue(s, &f->key.inner.src);
		bool down = f->key.dir == DIR_EGRESS && is_ue(s, &f->key.inner.dst);

		if (counts(s, f) && is_tunnelled(s, f) && (way == WHY_UPLINK ? up : down) &&
		    !has_interface(ret, f->key.interface))
			ret->names[ret->n++] = f->key.interface;
	}
}

/* Twins too: the way in may show at more of the stacked devices than the way out. */
static bool is_by_one_interface(const struct sum *s, const struct why_rows *rows)
{
	struct interfaces in = {.n = 0}, out = {.n = 0};

	list_interfaces(s, rows, WHY_UPLINK, &in);
	list_interfaces(s, rows, WHY_DOWNLINK, &out);
	for (size_t i = 0; i < in.n; i++)
		if (has_interface(&out, in.names[i]))
			return true;
	return false;
}

/* The session's rows; and the others, of which some may be its packets under another address. */
static int sum_rows(struct sum *s, const struct why_seen *seen, const struct why_rows *rows,
		    const struct why_rows *rest)
{
	struct why_seen_facts *ret = s->ret;
	int r;

	learn_all(s, rows);
	r = suppose(s, seen, rows);
	if (r < 0)
		return r;
	sum_flows(s, rows);
	sum_translated(s, rest);
	if (!seen->marks.has_ue) /* they are all in one table then */
		sum_translated(s, rows);
	/* Where its TEIDs are learned, rows of its other address family may not have been kept. */
	if ((seen->marks.told || !seen->marks.has_ue) && s->tunnels > s->flows)
		ret->ways[WHY_UPLINK].malformed = s->tunnels - s->flows;
	ret->one_interface = is_by_one_interface(s, rows);
	ret->has_ue = s->marks.has_ue;
	ret->ue = s->marks.ue;
	ret->left_out = seen->left_out + agg_flows_totals(seen->flows).refused_packets;
	if (ret->translated)
		ret->left_out += agg_flows_totals(seen->rest).refused_packets;
	why_count_icmp(rows, s->place, ret);
	why_count_icmp(rest, s->place, ret);
	r = why_lengths(rows, s->place, ret);
	if (r >= 0)
		r = why_handshakes(rows, s->place, ret);
	return r < 0 ? r : why_refusals(seen, s->place, &s->marks, ret);
}

int why_seen_sum(const struct why_seen *seen, const struct why_place *place, struct why_seen_facts *ret)
{
	struct sum s = {.place = place, .marks = seen->marks, .ret = ret};
	_cleanup_(why_rows_free) struct why_rows rows = {0}, rest = {0};
	int r = why_rows(seen->flows, place->device, &rows);

	memset(ret, 0, sizeof(*ret));
	if (r >= 0)
		r = why_rows(seen->rest, place->device, &rest);
	if (r >= 0)
		r = sum_rows(&s, seen, &rows, &rest);
	return r < 0 ? r : why_module_sum(seen, place, &s.marks, ret);
}
