/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a PDU Session Container says beside QFI and indicators: time stamps as NTP has them, seconds in the upper half,
 * and the number of the packet within its QoS flow (TS 38.415 5.5.2, 5.5.3). Apart from the cursor, since few packets
 * have it. */
#pragma once

#include "packet.h"

/* packet_stamps.has */
#define PACKET_DL_SENT 0x1
#define PACKET_DL_RECEIVED 0x2
#define PACKET_UL_SENT 0x4
#define PACKET_QFI_SEQ 0x8

struct packet_stamps {
	__u64 dl_sent; /* by the UPF; uplink: what the gNB repeats of it */
	__u64 dl_received;
	__u64 ul_sent;
	__u32 seq; /* 24 bits */
	__u8 has;
	__u8 pad[3];
};

static __always_inline int packet_stamp(PACKET_SOURCE *src, __u32 *off, __u32 end, __u64 *to)
{
	__u64 stamp PACKET_HEADER;

	if (*off > PACKET_OFFSET_MAX || *off + 8 > end || PACKET_LOAD(src, *off, &stamp, 8))
		return -1;
	*to = PACKET_NTOHLL(stamp);
	*off += 8;
	return 0;
}

static __always_inline void packet_qfi_seq(PACKET_SOURCE *src, __u32 off, __u32 end, struct packet_stamps *t)
{
	__u8 h[3] PACKET_HEADER;

	if (off > PACKET_OFFSET_MAX || off + 3 > end || PACKET_LOAD(src, off, h, sizeof(h)))
		return;
	t->seq = h[0] << 16 | h[1] << 8 | h[2];
	t->has |= PACKET_QFI_SEQ;
}

/* 5.5.2.1: paging policy, stamp, sequence number. */
static __always_inline void packet_session_dl(PACKET_SOURCE *src, const struct packet_session *s,
					      struct packet_stamps *t)
{
	__u32 off = s->off + (s->flags[1] >> 7);

	if (s->flags[0] & 8) {
		if (packet_stamp(src, &off, s->end, &t->dl_sent))
			return;
		t->has |= PACKET_DL_SENT;
	}
	if (s->flags[0] & 4)
		packet_qfi_seq(src, off, s->end, t);
}

/* 5.5.2.2: three stamps, two delays, sequence number. */
static __always_inline void packet_session_ul(PACKET_SOURCE *src, const struct packet_session *s,
					      struct packet_stamps *t)
{
	__u32 off = s->off;

	if (s->flags[0] & 8) {
		if (packet_stamp(src, &off, s->end, &t->dl_sent) || packet_stamp(src, &off, s->end, &t->dl_received) ||
		    packet_stamp(src, &off, s->end, &t->ul_sent))
			return;
		t->has |= PACKET_DL_SENT | PACKET_DL_RECEIVED | PACKET_UL_SENT;
	}
	off += (s->flags[0] >> 2 & 1) * 4 + (s->flags[0] >> 1 & 1) * 4;
	if (s->flags[0] & 1)
		packet_qfi_seq(src, off, s->end, t);
}

/* Of a packet that packet_parse() has read from src. */
static __always_inline void packet_session_read(PACKET_SOURCE *src, const struct packet_session *s,
						struct packet_stamps *t)
{
	__builtin_memset(t, 0, sizeof(*t));
	if (s->flags[0] >> 4 == 0)
		packet_session_dl(src, s, t);
	else if (s->flags[0] >> 4 == 1)
		packet_session_ul(src, s, t);
}
