/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <linux/types.h>

/* Words of a copy. The source and the target have types of their own; may_alias tells the compiler that a
 * copy reads and writes them. Without it clang 14 takes the target for never written. */
typedef __u64 __attribute__((may_alias)) copy_u64;
typedef __u32 __attribute__((may_alias)) copy_u32;
typedef __u16 __attribute__((may_alias)) copy_u16;

/* len bytes, a constant, each word by LOAD(type, from). Wide loads although nothing is aligned: the
 * architectures that BPF has a JIT for here can do that, and the verifier knows
 * (CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS). */
/* clang-format off */
#define COPY_BY(LOAD, to, from, len)                                                               \
	do {                                                                                       \
		__u32 i_ = 0;                                                                      \
                                                                                                   \
		for (; i_ + 8 <= (len); i_ += 8)                                                   \
			*(copy_u64 *)((to) + i_) = LOAD(copy_u64, (from) + i_);                          \
		if ((len) & 4) {                                                                   \
			*(copy_u32 *)((to) + i_) = LOAD(copy_u32, (from) + i_);                          \
			i_ += 4;                                                                   \
		}                                                                                  \
		if ((len) & 2) {                                                                   \
			*(copy_u16 *)((to) + i_) = LOAD(copy_u16, (from) + i_);                          \
			i_ += 2;                                                                   \
		}                                                                                  \
		if ((len) & 1)                                                                     \
			*(__u8 *)((to) + i_) = LOAD(__u8, (from) + i_);                            \
	} while (0)
/* clang-format on */

#define PLAIN_LOAD(type, from) (*(const type *)(from))

static __always_inline void packet_copy(void *to, const void *from, __u32 len)
{
	COPY_BY(PLAIN_LOAD, to, from, len);
}
