// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/string.h>
#include <net/ip.h>

#include "sender.h"

#define GTPU_UDP_PORT 2152
#define T_PDU 255

void put16(u8 *p, u32 value)
{
	p[0] = value >> 8;
	p[1] = value;
}

void put32(u8 *p, u32 value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

static void put_ip(u8 *p, u32 src, u32 dst, u32 length)
{
	__sum16 sum;

	memset(p, 0, 20);
	p[0] = 0x45;
	put16(p + 2, length);
	p[8] = 64;
	p[9] = IPPROTO_UDP;
	put32(p + 12, src);
	put32(p + 16, dst);
	sum = ip_fast_csum(p, 5);
	memcpy(p + 10, &sum, 2);
}

static void put_udp(u8 *p, u32 sport, u32 dport, u32 length)
{
	put16(p, sport);
	put16(p + 2, dport);
	put16(p + 4, length);
	put16(p + 6, 0); /* no checksum */
}

/* Ethernet, outer IP and UDP before payload bytes of GTP-U. */
void frame_headers(struct frame *f, const struct order *o, u32 payload)
{
	memcpy(f->bytes, o->mac, ETH_ALEN);
	memset(f->bytes + ETH_ALEN, 2, ETH_ALEN);
	put16(f->bytes + 12, ETH_P_IP);
	put_ip(f->bytes + FRAME_IP, o->src, o->dst, 20 + 8 + payload);
	put_udp(f->bytes + FRAME_UDP, GTPU_UDP_PORT, GTPU_UDP_PORT, 8 + payload);
	f->len = f->linear = FRAME_GTP + payload;
}

/* A T-PDU's header before payload bytes; its length. */
u32 frame_gtp(u8 *p, const struct order *o, u32 teid, u32 payload)
{
	const u8 container[] = {0, 0, 0, 0x85, 1, 0x10, o->qfi, 0};
	u32 optional = o->qfi ? sizeof(container) : 0;

	p[0] = o->qfi ? 0x34 : 0x30;
	p[1] = T_PDU;
	put16(p + 2, optional + payload);
	put32(p + 4, teid);
	memcpy(p + 8, container, optional);
	return 8 + optional;
}

/* UDP between the UE and the data network. */
u32 frame_inner(u8 *p, const struct order *o, u32 ue, u32 length)
{
	put_ip(p, o->downlink ? o->dn : ue, o->downlink ? ue : o->dn, length);
	put_udp(p + 20, 4000, 9, length - 20);
	memset(p + 28, 0, length - 28);
	return length;
}

void frame_uplink(struct frame *f, const struct order *o, u32 i)
{
	u32 n = i % o->sessions, gtp = frame_gtp(f->bytes + FRAME_GTP, o, o->teid + n, o->length);

	frame_inner(f->bytes + FRAME_GTP + gtp, o, o->ue + n, o->length);
	frame_headers(f, o, gtp + o->length);
}

void frame_downlink(struct frame *f, const struct order *o, u32 i)
{
	f->len = f->linear = frame_inner(f->bytes, o, o->ue + i % o->sessions, o->length);
	f->protocol = ETH_P_IP;
}
