// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets that no gNB and no data network sends. Each kind starts from a good packet of a session that
 * is nobody's, and spoils it; those that keep a TEID or an address meet the victim's rules. */
#include <linux/if_ether.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <net/ip.h>

#include "sender.h"

#define NOBODY_TEID 0x80000000u
#define NOBODY_UE 0xac100000u /* 172.16.0.0/12 */

/* xorshift64*: the same seed, the same packets. */
static u32 draw(struct sending *s)
{
	u64 x = s->random ? s->random : s->order.seed + 0x9e3779b97f4a7c15ULL;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	s->random = x;
	return (x * 0x2545f4914f6cdd1dULL) >> 32;
}

static u32 below(struct sending *s, u32 n)
{
	return draw(s) % n;
}

static void garbage(struct sending *s, u32 from, u32 to)
{
	for (; from < to; from++)
		s->frame.bytes[from] = draw(s);
}

static u32 nobody_teid(struct sending *s)
{
	return NOBODY_TEID | draw(s);
}

static u32 nobody_ue(struct sending *s)
{
	return NOBODY_UE | (draw(s) & 0xfffff);
}

static u32 victim_teid(struct sending *s)
{
	return s->order.victim_teid ? s->order.victim_teid : nobody_teid(s);
}

static u32 victim_ue(struct sending *s)
{
	return s->order.victim_ue ? s->order.victim_ue : nobody_ue(s);
}

/* Length of all headers before the inner packet. */
static u32 uplink_of(struct sending *s, u32 teid, u32 length)
{
	struct frame *f = &s->frame;
	u32 gtp = frame_gtp(f->bytes + FRAME_GTP, &s->order, teid, length);

	frame_inner(f->bytes + FRAME_GTP + gtp, &s->order, nobody_ue(s), length);
	frame_headers(f, &s->order, gtp + length);
	return FRAME_GTP + gtp;
}

static u32 uplink(struct sending *s, u32 teid)
{
	return uplink_of(s, teid, FRAME_LEAST_INNER + below(s, 200));
}

static void random_teid(struct sending *s)
{
	uplink(s, nobody_teid(s));
}

static void lying_length(struct sending *s)
{
	uplink(s, victim_teid(s));
	put16(s->frame.bytes + FRAME_GTP + 2, draw(s));
	garbage(s, FRAME_GTP + 8, s->frame.len);
}

/* The GTP-U header, or what it announces, is cut. */
static void cut(struct sending *s)
{
	uplink(s, nobody_teid(s));
	frame_headers(&s->frame, &s->order, below(s, 44));
}

static void lying_udp(struct sending *s)
{
	uplink(s, nobody_teid(s));
	put16(s->frame.bytes + FRAME_UDP + 4, draw(s) % 400);
}

/* A chain of extension headers of any type and length, zero too, with an end or without. */
static void chain(struct sending *s)
{
	u8 *p = s->frame.bytes;
	u32 at = FRAME_GTP + 12, n = 1 + below(s, 24);

	frame_gtp(p + FRAME_GTP, &s->order, victim_teid(s), 0);
	p[FRAME_GTP] = 0x30 | below(s, 8);
	p[FRAME_GTP + 11] = draw(s);
	while (n--) {
		u32 words = below(s, 8) ? 1 + below(s, 3) : 0, len = words ? words * 4 : 4;

		garbage(s, at, at + len);
		p[at] = words;
		if (below(s, 2))
			p[at + len - 1] = n ? 0x85 : 0;
		at += len;
	}
	put16(p + FRAME_GTP + 2, at - FRAME_GTP - 8);
	frame_headers(&s->frame, &s->order, at - FRAME_GTP);
}

static void inner_garbage(struct sending *s)
{
	u32 inner = uplink(s, victim_teid(s));

	garbage(s, inner, s->frame.len);
}

/* What a rule takes, from a gNB that is none. */
static void spoofed(struct sending *s)
{
	struct order o = s->order;

	uplink(s, victim_teid(s));
	o.src = draw(s) & 0xdfffffff;
	frame_headers(&s->frame, &o, s->frame.len - FRAME_GTP);
}

static void random_bytes(struct sending *s)
{
	u32 len = below(s, 300);

	frame_headers(&s->frame, &s->order, len);
	garbage(s, FRAME_GTP, s->frame.len);
	/* Chance is not to name a session that counts. */
	if (len > 4)
		s->frame.bytes[FRAME_GTP + 4] |= 0x80;
}

static void any_message(struct sending *s)
{
	uplink(s, victim_teid(s));
	s->frame.bytes[FRAME_GTP] = draw(s);
	s->frame.bytes[FRAME_GTP + 1] = below(s, 255);
}

static void echo_request(struct sending *s)
{
	uplink(s, 0);
	s->frame.bytes[FRAME_GTP] = 0x32;
	s->frame.bytes[FRAME_GTP + 1] = 1;
}

static void not_linear(struct sending *s)
{
	uplink(s, nobody_teid(s));
	s->frame.linear = FRAME_UDP + below(s, s->frame.len - FRAME_UDP);
}

/* The outer packet in two fragments, one after the other; one of eight stays without its second. */
static void fragment(struct sending *s)
{
	struct frame *f = &s->frame;
	u8 *ip = f->bytes + FRAME_IP;
	u32 first = 8 + 16, rest;
	__sum16 sum;

	uplink_of(s, nobody_teid(s), 100);
	rest = f->len - FRAME_UDP - first;
	if (!s->fragment_left)
		s->fragment_id++;
	else
		memmove(f->bytes + FRAME_UDP, f->bytes + FRAME_UDP + first, rest);
	f->len = f->linear = FRAME_UDP + (s->fragment_left ? rest : first);
	put16(ip + 2, f->len - FRAME_IP);
	put16(ip + 4, s->fragment_id);
	put16(ip + 6, s->fragment_left ? first / 8 : 0x2000);
	put16(ip + 10, 0);
	sum = ip_fast_csum(ip, 5);
	memcpy(ip + 10, &sum, 2);
	s->fragment_left = !s->fragment_left && below(s, 8);
}

static u32 downlink(struct sending *s, u32 ue)
{
	struct frame *f = &s->frame;

	f->len = f->linear = frame_inner(f->bytes, &s->order, ue, FRAME_LEAST_INNER + below(s, 200));
	f->protocol = ETH_P_IP;
	return f->len;
}

static void random_ue(struct sending *s)
{
	downlink(s, nobody_ue(s));
}

static void downlink_bytes(struct sending *s)
{
	s->frame.len = s->frame.linear = 1 + below(s, 300);
	s->frame.protocol = ETH_P_IP;
	garbage(s, 0, s->frame.len);
	put32(s->frame.bytes + 16, nobody_ue(s));
}

static void downlink_short(struct sending *s)
{
	downlink(s, nobody_ue(s));
	s->frame.len = s->frame.linear = 1 + below(s, 19);
}

static void downlink_lying(struct sending *s)
{
	downlink(s, victim_ue(s));
	s->frame.bytes[0] = 0x40 | below(s, 16);
	put16(s->frame.bytes + 2, draw(s));
	put16(s->frame.bytes + 6, draw(s));
	s->frame.bytes[9] = draw(s);
}

static void any_protocol(struct sending *s)
{
	downlink(s, nobody_ue(s));
	s->frame.protocol = below(s, 2) ? ETH_P_IPV6 : draw(s);
	if (s->frame.protocol == ETH_P_IPV6)
		s->frame.bytes[0] = 0x60;
}

static void downlink_not_linear(struct sending *s)
{
	s->frame.linear = 20 + below(s, downlink(s, nobody_ue(s)) - 20);
}

struct kind {
	const char *name;
	void (*make)(struct sending *s);
};

static const struct kind uplink_kinds[] = {
	{"random_teid", random_teid},
	{"lying_length", lying_length},
	{"cut", cut},
	{"lying_udp", lying_udp},
	{"chain", chain},
	{"inner_garbage", inner_garbage},
	{"random_bytes", random_bytes},
	{"any_message", any_message},
	{"echo_request", echo_request},
	{"not_linear", not_linear},
	{"fragment", fragment},
	{"spoofed", spoofed},
};

static const struct kind downlink_kinds[] = {
	{"random_ue", random_ue},  {"random_bytes", downlink_bytes}, {"short", downlink_short},
	{"lying", downlink_lying}, {"any_protocol", any_protocol},   {"not_linear", downlink_not_linear},
};

void frame_hostile(struct sending *s)
{
	const struct kind *kinds = s->order.downlink ? downlink_kinds : uplink_kinds;
	u32 n = s->order.downlink ? ARRAY_SIZE(downlink_kinds) : ARRAY_SIZE(uplink_kinds);
	u32 kind = below(s, n);

	BUILD_BUG_ON(ARRAY_SIZE(uplink_kinds) > KINDS_MAX);
	BUILD_BUG_ON(ARRAY_SIZE(downlink_kinds) > KINDS_MAX);
	s->kinds[kind]++;
	kinds[kind].make(s);
}

const char *hostile_kind(const struct order *o, u32 kind)
{
	if (o->downlink)
		return kind < ARRAY_SIZE(downlink_kinds) ? downlink_kinds[kind].name : NULL;
	return kind < ARRAY_SIZE(uplink_kinds) ? uplink_kinds[kind].name : NULL;
}
