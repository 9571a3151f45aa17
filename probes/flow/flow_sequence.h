/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a sequence number tells, one stream's: a tunnel's G-PDUs (TS 29.281 5.1) or a QoS flow's packets (TS 38.415
 * 5.5.3). Which numbers of the last 64 have come is remembered. A number behind the highest one is reordered (RFC 4737
 * 3.3), or a duplicate (RFC 5560) when it has come before. One too far away to be either is a stray; two strays in
 * sequence are a sender that began anew, as RFC 3550 A.1 has it, with its bound. Numbers do not always count packets: a
 * sender may leave them constant, two senders may number one tunnel, a number may have its bytes swapped. Such a number
 * is told from a lost or repeated packet by what the packet is. Pure: compiles in user space too. */
#pragma once

#include <linux/types.h>

#define SEQUENCE_WINDOW 64
#define SEQUENCE_COPIES 8  /* more of a packet in a row are a number that stands still */
#define SEQUENCE_STRIDES 4 /* as many equal steps in sequence, each over two numbers or more, are no loss */
#define SEQUENCE_PAIRS 32  /* nor are as many over one: of packets lost by chance, half of all, one run in 2^64 */
#define SEQUENCE_JUMP 3000 /* RFC 3550 A.1, MAX_DROPOUT: farther ahead is no loss */

enum sequence_what {
	SEQUENCE_IN_ORDER, /* the first one too */
	SEQUENCE_REORDERED,
	SEQUENCE_DUPLICATE,
	SEQUENCE_STRAY,
	SEQUENCE_RESTART, /* in order; and the stray before it was the first of these */
	SEQUENCE_REUSED,  /* the number came before, with another packet or again and again */
};

struct sequence_state {
	__u64 window; /* bit i: highest - i has come */
	__u32 highest;
	__u32 suspect; /* what would follow the last stray; SEQUENCE_NONE: there is none */
	__u32 behind;  /* how many numbers of the window lie behind the first number that came; at most 63 */
	__u32 begun;
	__u32 last, copies;    /* the number taken last, and how often in a row it came again */
	__u32 passed, strides; /* numbers that the last step passed over, and how many steps before it did too */
	__u32 stray_print;
	__u32 prints[SEQUENCE_WINDOW]; /* of the packets that had the numbers of the window */
};

#define SEQUENCE_NONE 0xffffffffU

struct sequence_news {
	__u32 what;	 /* enum sequence_what */
	__u32 missing;	 /* numbers passed over by this one */
	__u32 filled;	 /* 1: it was one of them */
	__u32 uncounted; /* 1: it does not count packets */
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

static inline __attribute__((always_inline)) void sequence_stride(struct sequence_state *s, struct sequence_news *news)
{
	s->strides = news->missing && news->missing == s->passed ? s->strides + 1 : 0;
	s->passed = news->missing;
	news->uncounted = s->strides >= (news->missing > 1 ? SEQUENCE_STRIDES : SEQUENCE_PAIRS);
}

/* print: the same for a packet that comes twice, another one for other packets. */
static inline __attribute__((always_inline)) struct sequence_news sequence_judge(struct sequence_state *s, __u32 seq,
										 __u32 mask, __u32 print)
{
	struct sequence_news news = sequence_take(s, seq, mask);
	__u32 *place = &s->prints[seq & (SEQUENCE_WINDOW - 1)];

	s->copies = seq == s->last ? s->copies + 1 : 0;
	s->last = seq;
	if (news.what == SEQUENCE_DUPLICATE && (*place != print || s->copies > SEQUENCE_COPIES)) {
		news.what = SEQUENCE_REUSED;
		news.uncounted = 1;
	}
	if (news.what == SEQUENCE_RESTART)
		s->prints[(seq - 1) & (SEQUENCE_WINDOW - 1)] = s->stray_print;
	if (news.what == SEQUENCE_STRAY)
		s->stray_print = print;
	else
		*place = print;
	if (news.what == SEQUENCE_IN_ORDER)
		sequence_stride(s, &news);
	return news;
}
