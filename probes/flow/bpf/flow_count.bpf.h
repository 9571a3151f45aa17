/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the shared program keeps of a packet while it runs, and the counts by flow and by tunnel. */
#pragma once

#include "flow_maps.h"
#include "flow_quality.bpf.h"
#include "generations.h"

#define TOLD_SLOTS 64 /* a power of two */

/* How far a bundle has been told apart. */
struct flow_bundle {
	__u32 off;     /* of the next packet's GTP-U header */
	__u32 size;    /* of each datagram's payload; the last one may be shorter */
	__u32 headers; /* bytes before the payload, which each packet has on the wire */
	__u32 packets; /* so far */
};

struct flow_scratch {
	struct packet_work work;
	struct flow_entry entry;
	__u32 len;
	__u32 packets; /* that are counted at once */
	__u32 segments;
	struct flow_bundle bundle;
	__u32 segmented; /* FLOW_SEGMENTED, PACKET_BUNDLE_OUTER, ... */
	__u32 place;	 /* of the generation that counts this packet, in each of flows, gpdus, tunnels and senders */
	__u32 passed;	 /* packets that passed the filter since the last event */
	__u64 jiffies;	 /* of now_ns: reading the clock once a tick is enough */
	__u64 now_ns;
	struct flow_key flow;
	struct gpdu_key gpdu;
	struct tunnel_key tunnel;
	struct sender_key sender;
	struct quality_scratch quality;
	__u64 told[TOLD_SLOTS]; /* sockets that had their event, each in the one place it can have */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_scratch);
} scratch SEC(".maps");

GENERATIONS_AS_NEEDED(flows, struct flow_key, struct flow_value);
GENERATIONS_AS_NEEDED(gpdus, struct gpdu_key, struct flow_value);
GENERATIONS_AS_NEEDED(tunnels, struct tunnel_key, struct flow_value);
GENERATIONS_AS_NEEDED(senders, struct sender_key, struct sender_value);

GENERATION_CHOICE(flow_generation); /* of these, and of qualities */

static __always_inline void add_packet(struct flow_value *v, const struct flow_scratch *s)
{
	v->packets += s->packets;
	v->bytes += s->len;
	v->segments += s->segments;
	if (!v->first_ns)
		v->first_ns = s->now_ns;
	v->last_ns = s->now_ns;
	if (s->work.packet.tcp)
		v->tcp |= FLOW_TCP | s->work.packet.tcp_flags;
}

static __always_inline void count_plain(struct flow_scratch *s, struct flow_ledger *ledger)
{
	const struct packet *p = &s->work.packet;
	struct flow_value *v;
	struct flow_key *k = &s->flow;

	k->overlay = p->overlay;
	k->attachment = (__u16)s->entry.attachment;
	k->vlan[0] = p->vlan[0];
	k->vlan[1] = p->vlan[1];
	k->layers = p->vlans | (p->head == HEAD_GTPU_BUNDLE ? FLOW_BUNDLE : 0);
	k->tuple = p->outer;
	k->cpu = bpf_get_smp_processor_id();
	v = generation_slot_at(&flows, s->place, k, s->quality.zeros);
	add_packet(v ?: &ledger->other[OTHER_FLOW], s);
}

static __always_inline void count_tunnel(struct flow_scratch *s, struct flow_ledger *ledger)
{
	const struct packet *p = &s->work.packet;
	struct flow_value *v;
	struct tunnel_key *k = &s->tunnel;

	k->attachment = s->entry.attachment;
	k->teid = p->gtp.teid;
	k->overlay = p->overlay;
	__builtin_memcpy(k->src, p->outer.src, sizeof(k->src));
	__builtin_memcpy(k->dst, p->outer.dst, sizeof(k->dst));
	k->type = p->gtp.type;
	k->qfi = p->gtp.qfi;
	k->pdu_type = p->gtp.pdu_type;
	k->gtp = p->gtp.flags & (RECORD_GTP | RECORD_GTP_QFI);
	k->cpu = bpf_get_smp_processor_id();
	v = generation_slot_at(&tunnels, s->place, k, s->quality.zeros);
	add_packet(v ?: &ledger->other[OTHER_TUNNEL], s);
}

/* The tunnel's row is the sum of its flows, and of what found no room here. False: no room. */
static __always_inline bool count_gpdu(struct flow_scratch *s, struct flow_ledger *ledger)
{
	const struct packet *p = &s->work.packet;
	struct flow_value *v;
	struct gpdu_key *k = &s->gpdu;

	k->teid = p->gtp.teid;
	k->overlay = p->overlay;
	k->attachment = (__u16)s->entry.attachment;
	k->vlan[0] = p->vlan[0];
	k->vlan[1] = p->vlan[1];
	k->qfi = p->gtp.qfi;
	k->layers = FLOW_GTP | p->vlans | (p->gtp.flags & RECORD_GTP_QFI ? FLOW_QFI : 0) |
		    p->gtp.pdu_type << FLOW_PDU_SHIFT;
	k->inner = p->inner;
	__builtin_memcpy(k->src, p->outer.src, sizeof(k->src));
	__builtin_memcpy(k->dst, p->outer.dst, sizeof(k->dst));
	k->cpu = bpf_get_smp_processor_id();
	v = generation_slot_at(&gpdus, s->place, k, s->quality.zeros);
	add_packet(v ?: &ledger->other[OTHER_FLOW], s);
	return v;
}

static __always_inline void count_flow(struct flow_scratch *s, struct flow_ledger *ledger)
{
	bool of_tunnel;

	if (s->work.packet.head == HEAD_GTPU) {
		of_tunnel = !count_gpdu(s, ledger);
	} else {
		count_plain(s, ledger);
		of_tunnel = s->work.packet.head == HEAD_GTPU_MESSAGE;
	}
	if (of_tunnel)
		count_tunnel(s, ledger);
}
