/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include "kernel.h"

/* len is a constant. Wide loads although nothing is aligned: the architectures that BPF has a JIT for
 * here can do that, and the verifier knows (CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS). */
static __always_inline void packet_copy(void *to, const void *from, __u32 len)
{
	__u32 i = 0;

	for (; i + 8 <= len; i += 8)
		*(__u64 *)(to + i) = *(const __u64 *)(from + i);
	if (len & 4) {
		*(__u32 *)(to + i) = *(const __u32 *)(from + i);
		i += 4;
	}
	if (len & 2) {
		*(__u16 *)(to + i) = *(const __u16 *)(from + i);
		i += 2;
	}
	if (len & 1)
		*(__u8 *)(to + i) = *(const __u8 *)(from + i);
}
