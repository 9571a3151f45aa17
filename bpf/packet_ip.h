/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet cursor's first half: IP and transport headers. Headers are copied by PACKET_LOAD, so the same code runs on
 * an skb, on kernel memory and in user space:
 *
 *	PACKET_SOURCE			what is read from
 *	PACKET_LOAD(src, off, to, len)	0 when all len bytes were there
 *
 * both default to the skb of a tc program, non-linear parts included. */
#pragma once

#include <linux/types.h>

#include "packet_copy.h"
#include "packet_head.h"
#include "record.h"

#ifndef PACKET_LOAD
#include "packet_skb.h"
#define PACKET_SOURCE struct __sk_buff
#define PACKET_LOAD(src, off, to, len) packet_load_skb(src, off, to, len)
#endif

#define PACKET_NTOHS(x) __builtin_bswap16(x)
#define PACKET_NTOHL(x) __builtin_bswap32(x)
#define PACKET_NTOHLL(x) __builtin_bswap64(x)
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "big-endian machines are not supported"
#endif

/* The loads are wide, and the verifier wants aligned stores to the stack. */
#define PACKET_HEADER __attribute__((aligned(8)))

#define PACKET_VLAN_MAX 2
#define PACKET_IPV6_EXT_MAX 8
#define PACKET_GTPU_EXT_MAX 8
#define PACKET_OFFSET_MAX 0x1ffffU /* beyond any skb: keeps the offsets bounded for the verifier */

#define PACKET_ICMP 1
#define PACKET_TCP 6
#define PACKET_UDP 17
#define PACKET_ICMPV6 58
#define PACKET_SCTP 132

#define GTPU_TYPE_ECHO_REQUEST 1
#define GTPU_TYPE_ECHO_RESPONSE 2
#define GTPU_TYPE_ERROR_INDICATION 26
#define GTPU_TYPE_GPDU 255
#define GTPU_EXT_PDU_SESSION 0x85 /* TS 29.281 5.2.2.7 */

/* packet_start.bundle: behind which UDP header the segments lie one behind the other. Both: it is not known. */
#define PACKET_BUNDLE_OUTER 0x1
#define PACKET_BUNDLE_INSIDE 0x2 /* behind the one within an overlay */
#define PACKET_BUNDLE_BOTH (PACKET_BUNDLE_OUTER | PACKET_BUNDLE_INSIDE)

/* packet.flags */
#define PACKET_FRAGMENT 0x1 /* a fragment that is not the first: it has no ports */
#define PACKET_FRAGMENT_FIRST 0x2
#define PACKET_INNER_FRAGMENT 0x4

/* Where a PDU Session Container lies that says more than QFI and indicators; packet_session_read() reads it. */
struct packet_session {
	__u32 off; /* of its third octet's successor: what follows is there by flags */
	__u32 end;
	__u8 flags[2]; /* its first two octets behind the length; no bit of 0x0f in the first: nothing follows */
	__u8 pad[2];
};

struct packet {
	struct record_tuple outer;
	struct record_tuple inner; /* family 0: there is none */
	struct record_gtp gtp;
	__u16 vlan[PACKET_VLAN_MAX]; /* identifiers, outermost first */
	__u8 vlans;		     /* how many of them are filled */
	__u8 head;		     /* enum packet_head */
	__u8 flags;
	__u8 tcp_flags; /* of the packet under whose addresses it is counted; see tcp */
	__u8 tcp;	/* it is TCP, and the header is whole */
	__u8 pad[3];
	__u32 overlay; /* RECORD_OVERLAY_SHIFT; 0: it came in none, or is counted as what it came in */
};

/* What the caller knows before the first byte. */
struct packet_start {
	__u32 len;	  /* bytes that can be read */
	__u32 skip;	  /* of these, those before the first header */
	__u8 l3;	  /* the first byte is an IP header: no Ethernet */
	__u8 gso;	  /* a bundle of segments: inner length fields may disagree with it */
	__u8 bundle;	  /* PACKET_BUNDLE_OUTER, ...: its segments are datagrams; 0: of TCP, or there are none */
	__u16 gtp_port;	  /* host order; 0: GTP-U is not looked for */
	__u16 vxlan_port; /* the same; an overlay is stepped through once */
	__u16 geneve_port;
	__u16 vlan; /* the offloaded tag's identifier */
	__u8 vlans; /* 1 when there is an offloaded tag */
};

struct packet_ipv4 {
	__u8 version_ihl, tos;
	__u16 len, id, fragment;
	__u8 ttl, proto;
	__u16 sum;
	__u32 src, dst;
};

struct packet_ipv6 {
	__u32 version_class_flow;
	__u16 payload_len;
	__u8 next, hop_limit;
	__u8 src[16], dst[16];
};

struct packet_gtpu {
	__u8 flags, type;
	__u16 len;
	__u32 teid;
};

struct packet_gtpu_optional {
	__u16 seq;
	__u8 npdu, next;
};

/* RFC 8926 3.4; VXLAN's VNI (RFC 7348 5) lies at the same place. */
struct packet_geneve {
	__u8 version_len, flags;
	__u16 proto;
	__u32 vni;
};

/* The header that was read last. */
union packet_header {
	struct packet_ipv4 v4;
	struct packet_ipv6 v6;
	struct packet_gtpu gtpu;
	struct packet_gtpu_optional gtpu_optional;
	struct packet_geneve geneve;
	__u16 words[4];
	__u8 bytes[8];
} PACKET_HEADER;

/* Where the cursor stands. */
struct packet_at {
	__u32 off;
	__u32 end; /* first byte behind the enclosing header's payload */
	__u8 proto;
	__u8 fragment; /* 0, PACKET_FRAGMENT or PACKET_FRAGMENT_FIRST */
	__u8 gso;
	__u8 lying; /* a length field promised more bytes than there are */
	__u8 tcp;   /* the last transport header was TCP's, with these flags */
	__u8 tcp_flags;
	__u8 next; /* the type of the GTP-U extension header here; 0: none follows */
	__u8 pad;
	union packet_header h; /* last, and not cleared for the next packet */
};

#define PACKET_AT_CLEARED offsetof(struct packet_at, h)

/* The parser's memory. In BPF it lies in a map's value: the verifier forgets what it stores there, so
 * that its states meet again instead of multiplying. Headers lie there for the same reason: on the stack, those that
 * a helper wrote are something else to it than those that were loaded. */
struct packet_work {
	struct packet packet;
	struct packet_at at;
	struct packet_session session;
	struct record_tuple underlay; /* of an overlay's packet */
};

enum packet_ip_result { PACKET_IP_OK, PACKET_IP_SHORT, PACKET_IP_BAD, PACKET_IP_CHAIN };

static __always_inline int packet_has(const struct packet_at *at, __u32 len)
{
	return at->off <= PACKET_OFFSET_MAX && at->off + len <= at->end;
}

/* Narrows what follows to len bytes from start on; len 0 says nothing (BIG TCP, jumbograms). */
static __always_inline void packet_narrow(struct packet_at *at, __u32 start, __u32 len)
{
	if (!len || at->gso)
		return;
	if (start + len > at->end)
		at->lying = 1;
	else
		at->end = start + len;
}

static __always_inline void packet_map_v4(__u8 to[16], __u32 v4)
{
	((copy_u64 *)to)[0] = 0;
	((copy_u32 *)to)[2] = 0xffff0000;
	((copy_u32 *)to)[3] = v4;
}

static __always_inline int packet_v4(PACKET_SOURCE *src, struct packet_at *at, struct record_tuple *t)
{
	const struct packet_ipv4 *h = &at->h.v4;
	__u32 start = at->off, ihl, fragment;

	if (!packet_has(at, sizeof(*h)) || PACKET_LOAD(src, at->off, &at->h, sizeof(*h)))
		return PACKET_IP_SHORT;
	ihl = (h->version_ihl & 15) * 4;
	if (ihl < sizeof(*h) || (h->len && PACKET_NTOHS(h->len) < ihl))
		return PACKET_IP_BAD;
	if (!packet_has(at, ihl))
		return PACKET_IP_SHORT;
	packet_narrow(at, start, PACKET_NTOHS(h->len));
	fragment = PACKET_NTOHS(h->fragment);
	if (fragment & 0x1fff)
		at->fragment = PACKET_FRAGMENT;
	else if (fragment & 0x2000)
		at->fragment = PACKET_FRAGMENT_FIRST;
	packet_map_v4(t->src, h->src);
	packet_map_v4(t->dst, h->dst);
	t->family = 4;
	t->proto = at->proto = h->proto;
	at->off += ihl;
	return PACKET_IP_OK;
}

/* Length of an IPv6 extension header; 0: the protocol is none. */
static __always_inline __u32 packet_v6_ext_len(__u8 proto, __u8 len)
{
	switch (proto) {
	case 0:	  /* hop by hop */
	case 43:  /* routing */
	case 60:  /* destination options */
	case 135: /* mobility */
	case 139: /* HIP */
	case 140: /* shim6 */
		return (len + 1) * 8;
	case 44: /* fragment */
		return 8;
	case 51: /* authentication: RFC 4302 2.2 counts in words */
		return (len + 2) * 4;
	}
	return 0;
}

/* One extension header: 1 when one was passed, 0 at the end of the chain, -1 when it is cut. */
static __always_inline int packet_v6_ext(PACKET_SOURCE *src, struct packet_at *at)
{
	const __u8 *h = at->h.bytes;
	__u32 len;

	if (!packet_v6_ext_len(at->proto, 0) || at->fragment == PACKET_FRAGMENT)
		return 0;
	if (!packet_has(at, 8) || PACKET_LOAD(src, at->off, &at->h, 4))
		return -1;
	len = packet_v6_ext_len(at->proto, h[1]);
	if (!packet_has(at, len))
		return -1;
	if (at->proto == 44) {
		if (h[2] || h[3] & 0xf8)
			at->fragment = PACKET_FRAGMENT;
		else if (h[3] & 1)
			at->fragment = PACKET_FRAGMENT_FIRST;
	}
	at->proto = h[0];
	at->off += len;
	return 1;
}

static __always_inline int packet_v6(PACKET_SOURCE *src, struct packet_at *at, struct record_tuple *t)
{
	const struct packet_ipv6 *h = &at->h.v6;
	int i, r = 1;

	if (!packet_has(at, sizeof(*h)) || PACKET_LOAD(src, at->off, &at->h, sizeof(*h)))
		return PACKET_IP_SHORT;
	at->off += sizeof(*h);
	packet_narrow(at, at->off, PACKET_NTOHS(h->payload_len));
	__builtin_memcpy(t->src, h->src, 16);
	__builtin_memcpy(t->dst, h->dst, 16);
	t->family = 6;
	at->proto = h->next;
	for (i = 0; i < PACKET_IPV6_EXT_MAX && r > 0; i++)
		r = packet_v6_ext(src, at);
	if (r > 0 && packet_v6_ext_len(at->proto, 0) && at->fragment != PACKET_FRAGMENT)
		r = -1;
	t->proto = at->proto;
	return r < 0 ? PACKET_IP_CHAIN : PACKET_IP_OK;
}

static __always_inline int packet_ip(PACKET_SOURCE *src, struct packet_at *at, struct record_tuple *t)
{
	at->fragment = 0;
	at->lying = 0;
	if (!packet_has(at, 1) || PACKET_LOAD(src, at->off, &at->h, 1))
		return PACKET_IP_SHORT;
	if (at->h.bytes[0] >> 4 == 4)
		return packet_v4(src, at, t);
	if (at->h.bytes[0] >> 4 == 6)
		return packet_v6(src, at, t);
	return PACKET_IP_BAD;
}

static __always_inline __u32 packet_l4_len(__u8 proto)
{
	switch (proto) {
	case PACKET_TCP:
		return 20;
	case PACKET_UDP:
		return 8;
	case PACKET_SCTP:
		return 12;
	case PACKET_ICMP:
	case PACKET_ICMPV6:
		return 8;
	}
	return 0;
}

/* Ports, or type and code. -1 when the header is cut. */
static __always_inline int packet_l4(PACKET_SOURCE *src, struct packet_at *at, struct record_tuple *t)
{
	__u32 len = packet_l4_len(t->proto);
	const __u8 *h = at->h.bytes;

	at->tcp = 0;
	at->tcp_flags = 0;
	if (!len || at->fragment == PACKET_FRAGMENT)
		return 0;
	if (!packet_has(at, len) || PACKET_LOAD(src, at->off, &at->h, sizeof(at->h.bytes)))
		return -1;
	t->ports = 1;
	if (t->proto == PACKET_TCP) {
		if (PACKET_LOAD(src, at->off + 13, &at->tcp_flags, 1))
			return -1;
		at->tcp = 1;
	}
	if (t->proto == PACKET_ICMP || t->proto == PACKET_ICMPV6) {
		t->sport = h[0];
		t->dport = h[1];
		return 0;
	}
	t->sport = h[0] << 8 | h[1];
	t->dport = h[2] << 8 | h[3];
	if (t->proto == PACKET_UDP && at->fragment != PACKET_FRAGMENT_FIRST)
		packet_narrow(at, at->off, h[4] << 8 | h[5]);
	return 0;
}
