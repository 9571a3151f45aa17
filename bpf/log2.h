/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The whole part of the logarithm, of 0 as of 1. Without loops or branches, for any verifier. */
#pragma once

#include "kernel.h"

/* 1 where v is above limit, else 0: the sign of the difference. */
static __always_inline __u32 log2_above(__u32 v, __u32 limit)
{
	__u64 difference = (__u64)limit - v;

	/* Else the compiler makes a comparison of it again, and a branch of that. */
	asm("" : "+r"(difference));
	return difference >> 63;
}

static __always_inline __u32 log2_u32(__u32 v)
{
	__u32 r = log2_above(v, 0xffff) << 4, shift;

	v >>= r;
	shift = log2_above(v, 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = log2_above(v, 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = log2_above(v, 0x3) << 1;
	v >>= shift;
	return r | shift | v >> 1;
}

static __always_inline __u32 log2_u64(__u64 v)
{
	__u32 high = v >> 32;

	return (high ? 32 : 0) | log2_u32(high ?: (__u32)v);
}
