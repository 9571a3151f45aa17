/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copying headers out of the skb of a tc program: from the linear part by plain loads, which cost a
 * third of the helper, else by the helper. */
#pragma once

#include "kernel.h"

#define PACKET_LINEAR_MAX 0x7fffU /* the verifier follows packet offsets up to 0xffff */

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

static __always_inline int packet_load_skb(struct __sk_buff *skb, __u32 off, void *to, __u32 len)
{
	const void *end = (const void *)(long)skb->data_end;
	const void *from = (const void *)(long)skb->data;
	__u64 at = off;

	/* One register for the check and the sum: the verifier of 5.10 does not follow copies of its
	 * lower half. */
	asm volatile("" : "+r"(at));
	if (at <= PACKET_LINEAR_MAX) {
		from += at;
		asm volatile("" : "+r"(from));
		if (from + len <= end) {
			packet_copy(to, from, len);
			return 0;
		}
	}
	return bpf_skb_load_bytes(skb, off, to, len);
}
