/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet cursor from a GTP-U header to the inner addresses (TS 29.281 5, TS 38.415 5.5). */
#pragma once

#include "packet_ip.h"

/* h: the container's length and its first three octets; it begins at off and ends before end. s may be NULL.
 * TS 38.415 5.5.2. */
static __always_inline void packet_pdu_session(__u32 off, __u32 end, const __u8 h[4], struct record_gtp *g,
					       struct packet_session *s)
{
	__u8 downlink = h[1] < 0x10;

	g->pdu_type = h[1] >> 4;
	g->qfi = h[2] & 0x3f;
	g->rqi = downlink & h[2] >> 6;
	g->flags |= RECORD_GTP_QFI;
	if (downlink && h[2] & 0x80 && off + 4 <= end) {
		g->ppi = h[3] >> 5;
		g->flags |= RECORD_GTP_PPI;
	}
	if (!s)
		return;
	s->off = off + 3;
	s->end = end;
	s->flags[0] = h[1];
	s->flags[1] = h[2];
}

/* One GTP-U extension header of type at->next: its length is in words, its last byte is the next
 * header's type (TS 29.281 5.2.1). */
static __always_inline int packet_gtpu_ext(PACKET_SOURCE *src, struct packet_at *at, struct record_gtp *g,
					   struct packet_session *s)
{
	const __u8 *h = at->h.bytes;
	__u32 len;

	if (!packet_has(at, 4) || PACKET_LOAD(src, at->off, &at->h, 4))
		return -1;
	len = h[0] * 4;
	if (!len || !packet_has(at, len))
		return -1;
	if (at->next == GTPU_EXT_PDU_SESSION)
		packet_pdu_session(at->off, at->off + len - 1, h, g, s);
	at->off += len;
	return PACKET_LOAD(src, at->off - 1, &at->next, 1) ? -1 : 0;
}

static __always_inline int packet_gtpu_exts(PACKET_SOURCE *src, struct packet_at *at, struct record_gtp *g,
					    struct packet_session *s)
{
	int i;

	for (i = 0; i < PACKET_GTPU_EXT_MAX && at->next; i++)
		if (packet_gtpu_ext(src, at, g, s))
			return HEAD_GTPU_EXTENSION;
	return at->next ? HEAD_GTPU_EXTENSION : HEAD_GTPU;
}

/* s: NULL where no caller asks for it. */
static __always_inline int packet_gtpu_header(PACKET_SOURCE *src, struct packet_at *at, struct record_gtp *g,
					      struct packet_session *s)
{
	const struct packet_gtpu_optional *o = &at->h.gtpu_optional;
	const struct packet_gtpu *h = &at->h.gtpu;
	__u32 start;
	__u8 flags;

	if (!packet_has(at, sizeof(*h)) || PACKET_LOAD(src, at->off, &at->h, sizeof(*h)))
		return HEAD_GTPU_SHORT;
	flags = h->flags;
	if (flags >> 4 != 3) /* version 1 and protocol type 1: anything else is GTP' or no GTP-U */
		return HEAD_GTPU_VERSION;
	g->flags = RECORD_GTP;
	g->type = h->type;
	g->teid = PACKET_NTOHL(h->teid);
	start = at->off += sizeof(*h);
	if (at->fragment != PACKET_FRAGMENT_FIRST && !at->gso) {
		if (start + PACKET_NTOHS(h->len) > at->end)
			return HEAD_GTPU_LENGTH;
		at->end = start + PACKET_NTOHS(h->len);
	}
	if (!(flags & 7))
		return HEAD_GTPU;
	if (!packet_has(at, sizeof(*o)) || PACKET_LOAD(src, at->off, &at->h, sizeof(*o)))
		return HEAD_GTPU_LENGTH;
	at->off += sizeof(*o);
	if (flags & 2) {
		g->seq = PACKET_NTOHS(o->seq);
		g->flags |= RECORD_GTP_SEQ;
	}
	at->next = flags & 4 ? o->next : 0;
	return packet_gtpu_exts(src, at, g, s);
}

static __always_inline int packet_gtpu_inner(PACKET_SOURCE *src, struct packet_at *at, struct packet *p)
{
	__u8 cut = at->fragment == PACKET_FRAGMENT_FIRST; /* the outer one: the rest comes later */

	if (packet_ip(src, at, &p->inner) || (at->lying && !cut) || packet_l4(src, at, &p->inner)) {
		__builtin_memset(&p->inner, 0, sizeof(p->inner));
		return HEAD_GTPU_INNER;
	}
	if (at->fragment)
		p->flags |= PACKET_INNER_FRAGMENT;
	return HEAD_GTPU;
}

/* From the GTP-U header on, the cursor behind the UDP header. */
static __always_inline int packet_gtpu(PACKET_SOURCE *src, struct packet_work *w)
{
	struct packet_at *at = &w->at;
	struct packet *p = &w->packet;
	int head = packet_gtpu_header(src, at, &p->gtp, &w->session);

	if (head != HEAD_GTPU)
		return head;
	if (p->gtp.type != GTPU_TYPE_GPDU)
		return HEAD_GTPU_MESSAGE;
	return packet_gtpu_inner(src, at, p);
}
