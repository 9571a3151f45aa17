/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the far end of a tunnel says: an Error Indication (TS 29.281 7.3.1) names a tunnel that it does not have, and
 * ICMP says that no process listens there. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "plural.h"
#include "why_judge.h"

struct entries {
	const struct agg_quality_entry **items; /* owned */
	size_t n;
	const struct why_place *place;
	const struct why_marks *marks;
};

/* The gNB's come in, and are about a downlink tunnel. */
static enum why_way way_of(const struct agg_quality_key *k)
{
	return k->dir == DIR_INGRESS ? WHY_DOWNLINK : WHY_UPLINK;
}

static bool is_of_session(const struct entries *e, const struct agg_quality_key *k)
{
	return k->kind == AGG_QUALITY_ERROR && k->has_teid && why_place_is(e->place, k->netns) &&
	       why_marks_teid(e->marks, way_of(k), k->teid);
}

static uint64_t errors_at(const struct entries *e, const char *interface, enum why_way way)
{
	uint64_t packets = 0;

	for (size_t i = 0; i < e->n; i++) {
		const struct agg_quality_key *k = &e->items[i]->key;

		if (is_of_session(e, k) && way_of(k) == way && !strcmp(k->interface, interface))
			packets += e->items[i]->sum.packets;
	}
	return packets;
}

/* Those of the interface that saw most: stacked devices (VXLAN, VLAN, a bridge) see one packet each. */
static void count_errors(const struct entries *e, struct why_seen_facts *ret)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct agg_quality_key *k = &e->items[i]->key;
		struct why_counts *c = &ret->ways[way_of(k)];
		uint64_t packets = is_of_session(e, k) ? errors_at(e, k->interface, way_of(k)) : 0;

		if (packets <= c->refused)
			continue;
		c->refused = packets;
		c->refused_teid = k->teid;
	}
}

int why_refusals(const struct why_seen *s, const struct why_place *place, const struct why_marks *m,
		 struct why_seen_facts *ret)
{
	struct entries e = {.place = place, .marks = m};
	int r = agg_quality_sorted(s->errors, &e.items, &e.n);

	if (r >= 0)
		count_errors(&e, ret);
	free(e.items);
	return r;
}

bool why_is_icmp_error(const struct event_tuple *t)
{
	return (t->proto == IPPROTO_ICMPV6 && !(t->sport & ICMP6_INFOMSG_MASK)) ||
	       (t->proto == IPPROTO_ICMP &&
		(t->sport == ICMP_DEST_UNREACH || t->sport == ICMP_TIME_EXCEEDED || t->sport == ICMP_PARAMETERPROB));
}

static bool is_port_unreachable(const struct event_tuple *t)
{
	return (t->proto == IPPROTO_ICMP && t->sport == ICMP_DEST_UNREACH && t->dport == ICMP_PORT_UNREACH) ||
	       (t->proto == IPPROTO_ICMPV6 && t->sport == ICMP6_DST_UNREACH && t->dport == ICMP6_DST_UNREACH_NOPORT);
}

void why_count_icmp(const struct why_rows *rows, const struct why_place *place, struct why_seen_facts *ret)
{
	struct why_counts *down = &ret->ways[WHY_DOWNLINK];

	for (size_t i = 0; i < rows->n; i++) {
		const struct agg_flow_key *k = &rows->flows[i]->key;

		if (!rows->twin[i] && !k->has_gtp && k->has_outer && k->has_dir && k->dir == DIR_INGRESS &&
		    down->has_peer && addr_equal(&k->outer.src, &down->peer) && is_port_unreachable(&k->outer) &&
		    why_place_is(place, k->netns))
			down->port_unreachable += rows->flows[i]->segments;
	}
}

bool why_is_refused(const struct why_facts *f, enum why_way way)
{
	return f->seen.ways[way].refused || f->seen.ways[way].port_unreachable;
}

static void say_no_tunnel(const struct why_counts *c, enum why_way way, struct why_path *p)
{
	char gnb[ADDR_TEXT_MAX];
	bool up = way == WHY_UPLINK;

	p->reason = up ? "upf_refuses" : "gnb_refuses";
	snprintf(p->text, sizeof(p->text),
		 "the %s%s refuses TEID 0x%08x (%" PRIu64 " Error Indication%s): it has no such tunnel",
		 up ? "UPF" : "gNB ", up || !c->has_peer ? "" : addr_format(&c->peer, gnb), c->refused_teid, c->refused,
		 plural(c->refused));
	snprintf(p->advice, sizeof(p->advice), "%s",
		 up ? "is it the TEID that the UPF gave the SMF (PFCP Session Establishment Response), and the SMF the "
		      "gNB? "
		      "Has the UPF restarted?"
		    : "is it the TEID that the gNB gave (NGAP PDU Session Resource Setup Response), and did the SMF "
		      "send it "
		      "to the UPF (PFCP Session Modification)? Has the gNB restarted?");
}

static void say_no_port(const struct why_facts *f, struct why_path *p)
{
	const struct why_counts *c = &f->seen.ways[WHY_DOWNLINK];
	char gnb[ADDR_TEXT_MAX];

	addr_format(&c->peer, gnb);
	p->reason = "gnb_not_running";
	snprintf(p->text, sizeof(p->text),
		 "%s answers 'port unreachable' (%" PRIu64 "): no process listens at its UDP port %u", gnb,
		 c->port_unreachable, f->port ? f->port : 2152u);
	snprintf(p->advice, sizeof(p->advice), "is the gNB running at %s? There: ss -lun sport = :%u", gnb,
		 f->port ? f->port : 2152u);
}

/* A host says so once a second, whatever it refuses: it is the gNB's whole host that does not listen. */
static bool is_all_refused(const struct why_facts *f, const struct why_counts *c, uint64_t sent)
{
	return c->refused >= (sent + 1) / 2 || (c->port_unreachable && !f->seen.ways[WHY_UPLINK].arrived);
}

void why_judge_refusal(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_counts *c = &f->seen.ways[way];
	uint64_t sent = way == WHY_UPLINK ? c->arrived : c->left;

	if (!why_is_refused(f, way) || !sent)
		return;
	if (is_all_refused(f, c, sent))
		p->state = WHY_BROKEN;
	else if (p->state == WHY_FINE)
		p->state = WHY_LOSSY;
	p->stop = p->stop < 0 ? WHY_LEFT : p->stop;
	p->lost = MAX(p->lost, MAX(c->refused, c->port_unreachable));
	if (c->refused)
		say_no_tunnel(c, way, p);
	else
		say_no_port(f, p);
}

/* A checksum that was left to a device, and that no device filled in: a UPF that takes packets off N6 itself. */
static void say_checksums(const struct why_judge *j)
{
	const struct why_facts *f = j->f;

	j->p->lost = f->ue_checksums;
	why_because(j, "tcp_checksum",
		    "%" PRIu64
		    " TCP packet%s with a wrong checksum came to the UE's host (%s), which drops such packets: ping "
		    "works, TCP does not",
		    f->ue_checksums, plural(f->ue_checksums), f->ue_at);
	why_look(j,
		 "is the checksum left to a device that the UPF bypasses? At the sender, or at the other end of N6: "
		 "ethtool -K INTERFACE tx off. There: %snstat -az TcpInCsumErrors",
		 f->ue_inside);
}

static void say_handshakes(const struct why_judge *j)
{
	uint64_t n = j->f->seen.ways[WHY_DOWNLINK].syn_acks;

	j->p->lost = n;
	why_because(j, "tcp_not_established",
		    "the UE acknowledges none of %" PRIu64
		    " SYN-ACKs that left for it, and repeats its SYN: it drops them, or the gNB does, while other "
		    "packets pass",
		    n);
	why_look(j, "do the SYN-ACKs have a right TCP checksum? tcpdump -vvni any udp port 2152; at the UE: "
		    "nstat -az TcpInCsumErrors, and its firewall. Where the checksum is wrong, at the sender or at the "
		    "other end of N6: ethtool -K INTERFACE tx off");
}

void why_judge_ue(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_judge j = {.f = f, .p = p};
	const struct why_counts *c = &f->seen.ways[way];

	if (way != WHY_DOWNLINK || p->state != WHY_FINE || !c->left || (!f->ue_checksums && !c->syn_acks))
		return;
	p->state = WHY_LOSSY;
	p->stop = WHY_LEFT;
	if (f->ue_checksums)
		say_checksums(&j);
	else
		say_handshakes(&j);
}
