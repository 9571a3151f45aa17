/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a sequence number tells, one stream's: a tunnel's G-PDUs (TS 29.281 5.1) or a QoS flow's packets (TS 38.415
 * 5.5.3). Which numbers of the last 64 have come is remembered. A number behind the highest one is reordered (RFC 4737
 * 3.3), or a duplicate (RFC 5560) when it has come before. One too far away to be either is a stray; two strays in
 * sequence are a sender that began anew, as RFC 3550 A.1 has it, with its bound. Pure: compiles in user space too. */
#pragma once

#include <linux/types.h>

#define SEQUENCE_WINDOW 64
#define SEQUENCE_JUMP 3000 /* RFC 3550 A.1, MAX_DROPOUT: farther ahead is no loss */

enum sequence_what {
	SEQUENCE_IN_ORDER, /* the first one too */
	SEQUENCE_REORDERED,
	SEQUENCE_DUPLICATE,
	SEQUENCE_STRAY,
	SEQUENCE_RESTART, /* in order; and the stray before it was the first of these */
};

struct sequence_state {
	__u64 window; /* bit i: highest - i has come */
	__u32 highest;
	__u32 suspect; /* what would follow the last stray; SEQUENCE_NONE: there is none */
	__u32 behind;  /* how many numbers of the window lie behind the first number that came; at most 63 */
	__u32 begun;
};

#define SEQUENCE_NONE 0xffffffffU

struct sequence_news {
	__u32 what;    /* enum sequence_what */
	__u32 missing; /* numbers passed over by this one */
	__u32 filled;  /* 1: it was one of them */
};

static inline __attribute__((always_inline)) void sequence_begin(struct sequence_state *s, __u32 seq, __u64 window,
								 __u32 behind)
{
	s->window = window;
	s->behind = behind;
	s->highest = seq;
	s->suspect = SEQUENCE_NONE;
	s->begun = 1;
}

static inline __attribute__((always_inline)) struct sequence_news sequence_ahead(struct sequence_state *s, __u32 seq,
										 __u32 by)
{
	s->window = by < SEQUENCE_WINDOW ? s->window << (by & 63) | 1 : 1;
	s->behind = s->behind + by < SEQUENCE_WINDOW ? s->behind + by : SEQUENCE_WINDOW - 1;
	s->highest = seq;
	s->suspect = SEQUENCE_NONE;
	return (struct sequence_news){.what = SEQUENCE_IN_ORDER, .missing = by - 1};
}

static inline __attribute__((always_inline)) struct sequence_news sequence_behind(struct sequence_state *s, __u32 by)
{
	__u64 bit = 1ULL << (by & 63);

	if (s->window & bit)
		return (struct sequence_news){.what = SEQUENCE_DUPLICATE};
	s->window |= bit;
	/* one from before the first that came was not missed */
	return (struct sequence_news){.what = SEQUENCE_REORDERED, .filled = by <= s->behind};
}

/* mask: 0xffff of GTP-U, 0xffffff of a QoS flow. */
static inline __attribute__((always_inline)) struct sequence_news sequence_take(struct sequence_state *s, __u32 seq,
										__u32 mask)
{
	__u32 ahead = (seq - s->highest) & mask, behind = (s->highest - seq) & mask;

	if (!s->begun) {
		sequence_begin(s, seq, 1, 0);
		return (struct sequence_news){.what = SEQUENCE_IN_ORDER};
	}
	if (behind < SEQUENCE_WINDOW)
		return sequence_behind(s, behind);
	if (ahead <= SEQUENCE_JUMP)
		return sequence_ahead(s, seq, ahead);
	if (seq == s->suspect) {
		sequence_begin(s, seq, 3, 1);
		return (struct sequence_news){.what = SEQUENCE_RESTART};
	}
	s->suspect = (seq + 1) & mask;
	return (struct sequence_news){.what = SEQUENCE_STRAY};
}
