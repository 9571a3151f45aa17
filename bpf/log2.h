/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The whole part of the logarithm, of 0 as of 1. Without loops or branches, for any verifier. */
#pragma once

#include "kernel.h"

static __always_inline __u32 log2_u32(__u32 v)
{
	__u32 r = (v > 0xffff) << 4, shift;

	v >>= r;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	return r | shift | v >> 1;
}

static __always_inline __u32 log2_u64(__u64 v)
{
	__u32 high = v >> 32;

	return (high ? 32 : 0) | log2_u32(high ?: (__u32)v);
}
