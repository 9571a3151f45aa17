/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet cursor: from the first byte of a frame (Ethernet or IP), through an overlay, to the inner addresses of a
 * GTP-U tunnel. Bounded everywhere; every packet ends under exactly one head. By PACKET_LOAD of packet_ip.h, and
 *
 *	PACKET_INSIDE(src, start, w)	what an overlay carries; packet_inside(), or a function that calls it */
#pragma once

#include "packet_gtpu.h"

static __always_inline int packet_is_gtpu(const struct record_tuple *t, __u16 port)
{
	return port && t->proto == PACKET_UDP && (t->dport == port || t->sport == port);
}

/* Of packet_from_ip() alone: what follows is an overlay's Ethernet header, or a GTP-U header. */
#define PACKET_STEP_IN (-1)
#define PACKET_STEP_GTPU (-2)

/* VXLAN (RFC 7348 5) or Geneve (RFC 8926 3.4), the cursor behind the UDP header. */
static __always_inline int packet_overlay(PACKET_SOURCE *src, struct packet_at *at, __u8 kind, struct packet *p)
{
	const struct packet_geneve *h = &at->h.geneve;
	__u32 len = sizeof(*h);

	if (!packet_has(at, sizeof(*h)) || PACKET_LOAD(src, at->off, &at->h, sizeof(*h)))
		return HEAD_OVERLAY;
	if (kind == OVERLAY_GENEVE) {
		if (h->version_len >> 6 || h->proto != PACKET_NTOHS(0x6558))
			return HEAD_OVERLAY;
		len += (h->version_len & 0x3f) * 4;
	} else if (!(h->version_len & 8)) {
		return HEAD_OVERLAY;
	}
	if (!packet_has(at, len))
		return HEAD_OVERLAY;
	at->off += len;
	p->overlay = (__u32)kind << RECORD_OVERLAY_SHIFT | PACKET_NTOHL(h->vni) >> 8;
	return PACKET_STEP_IN;
}

/* Of a datagram in fragments only the first would say so, and would be another flow than the rest. */
static __always_inline __u8 packet_overlay_kind(const struct packet_start *start, const struct packet *p)
{
	if (p->outer.proto != PACKET_UDP || p->flags || p->overlay)
		return OVERLAY_NONE;
	if (start->vxlan_port && p->outer.dport == start->vxlan_port)
		return OVERLAY_VXLAN;
	if (start->geneve_port && p->outer.dport == start->geneve_port)
		return OVERLAY_GENEVE;
	return OVERLAY_NONE;
}

/* From the IP header on. */
static __always_inline int packet_from_ip(PACKET_SOURCE *src, const struct packet_start *start, struct packet_work *w)
{
	struct packet_at *at = &w->at;
	struct packet *p = &w->packet;
	int r = packet_ip(src, at, &p->outer);
	__u8 overlay;

	if (r == PACKET_IP_SHORT)
		return HEAD_IP_SHORT;
	if (r == PACKET_IP_BAD)
		return HEAD_IP_BAD;
	p->flags = at->fragment;
	if (r == PACKET_IP_CHAIN)
		return HEAD_IPV6_CHAIN;
	if (at->fragment == PACKET_FRAGMENT)
		return HEAD_FRAGMENT;
	if (packet_l4(src, at, &p->outer))
		return HEAD_L4_SHORT;
	overlay = packet_overlay_kind(start, p);
	if (overlay) {
		if ((start->bundle & PACKET_BUNDLE_BOTH) == PACKET_BUNDLE_OUTER)
			return HEAD_OVERLAY;
		at->off += 8;
		return packet_overlay(src, at, overlay, p);
	}
	if (!packet_is_gtpu(&p->outer, start->gtp_port))
		return HEAD_IP;
	at->off += 8;
	if (start->bundle & (p->overlay ? PACKET_BUNDLE_INSIDE : PACKET_BUNDLE_OUTER))
		return HEAD_GTPU_BUNDLE;
	return PACKET_STEP_GTPU;
}

static __always_inline int packet_is_vlan(__u16 ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8;
}

/* Ethernet and its tags, the cursor at the first byte. HEAD_IP: an IP header follows. */
static __always_inline int packet_ethernet(PACKET_SOURCE *src, struct packet_at *at, struct packet *p)
{
	const __u16 *tag = at->h.words;
	__u16 type;
	int i;

	if (!packet_has(at, 14) || PACKET_LOAD(src, at->off + 12, &at->h, 2))
		return HEAD_SHORT;
	at->off += 14;
	type = PACKET_NTOHS(at->h.words[0]);
	for (i = 0; i < PACKET_VLAN_MAX && packet_is_vlan(type); i++) {
		if (p->vlans >= PACKET_VLAN_MAX)
			return HEAD_VLAN_DEPTH;
		if (!packet_has(at, 4) || PACKET_LOAD(src, at->off, &at->h, 4))
			return HEAD_SHORT;
		p->vlan[p->vlans & 1] = PACKET_NTOHS(tag[0]) & 0xfff;
		p->vlans++;
		type = PACKET_NTOHS(tag[1]);
		at->off += 4;
	}
	if (packet_is_vlan(type))
		return HEAD_VLAN_DEPTH;
	if (type == 0x0800 || type == 0x86dd)
		return HEAD_IP;
	if (type == 0x8864)
		return HEAD_PPPOE;
	return type == 0x8847 || type == 0x8848 ? HEAD_MPLS : HEAD_NOT_IP;
}

/* From the link layer's header on. */
static __always_inline int packet_from_link(PACKET_SOURCE *src, const struct packet_start *start, __u8 l3,
					    struct packet_work *w)
{
	int head = l3 ? HEAD_IP : packet_ethernet(src, &w->at, &w->packet);

	return head == HEAD_IP ? packet_from_ip(src, start, w) : head;
}

/* An overlay's packet is the packet. Where there is none, or none that can be counted, the underlay's is. */
static __always_inline int packet_inside(PACKET_SOURCE *src, const struct packet_start *start, struct packet_work *w)
{
	struct packet *p = &w->packet;
	__u16 vlan[PACKET_VLAN_MAX] = {p->vlan[0], p->vlan[1]};
	__u8 vlans = p->vlans;
	int head;

	w->underlay = p->outer;
	__builtin_memset(&p->outer, 0, sizeof(p->outer));
	p->vlans = 0;
	p->vlan[0] = 0;
	p->vlan[1] = 0;
	head = packet_from_link(src, start, 0, w);
	if (head < HEAD_SKIPPED)
		return head;
	p->outer = w->underlay;
	p->flags = 0;
	p->vlans = vlans;
	p->vlan[0] = vlan[0];
	p->vlan[1] = vlan[1];
	p->overlay = 0;
	return HEAD_OVERLAY;
}

#ifndef PACKET_INSIDE
#define PACKET_INSIDE(src, start, w) packet_inside(src, start, w)
#endif

/* Fills w->packet and its head. */
static __always_inline void packet_parse(PACKET_SOURCE *src, const struct packet_start *start, struct packet_work *w)
{
	struct packet *p = &w->packet;
	int head;

	__builtin_memset(p, 0, sizeof(*p));
	__builtin_memset(&w->at, 0, PACKET_AT_CLEARED);
	w->session.flags[0] = 0;
	w->at.off = start->skip;
	w->at.end = start->len;
	w->at.gso = start->gso;
	p->vlans = start->vlans;
	p->vlan[0] = start->vlan & 0xfff;
	head = packet_from_link(src, start, start->l3, w);
	if (head == PACKET_STEP_IN)
		head = PACKET_INSIDE(src, start, w);
	if (head == PACKET_STEP_GTPU)
		head = packet_gtpu(src, w);
	p->head = (__u8)head;
	p->tcp = w->at.tcp;
	p->tcp_flags = w->at.tcp_flags;
}

/* The G-PDU, or another message, from off to end in a bundle whose packet_parse() said HEAD_GTPU_BUNDLE. */
static __always_inline void packet_parse_bundled(PACKET_SOURCE *src, __u32 off, __u32 end, struct packet_work *w)
{
	struct packet *p = &w->packet;
	int head;

	__builtin_memset(&p->inner, 0, sizeof(p->inner));
	__builtin_memset(&p->gtp, 0, sizeof(p->gtp));
	__builtin_memset(&w->at, 0, PACKET_AT_CLEARED);
	w->session.flags[0] = 0;
	w->at.off = off;
	w->at.end = end;
	p->flags = 0;
	head = packet_gtpu(src, w);
	p->head = (__u8)head;
	p->tcp = w->at.tcp;
	p->tcp_flags = w->at.tcp_flags;
}
