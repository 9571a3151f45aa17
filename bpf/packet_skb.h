/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copying headers out of the skb of a tc program: from the linear part by plain loads, which cost a
 * third of the helper, else by the helper. */
#pragma once

#include "kernel.h"
#include "packet_copy.h"

#define PACKET_LINEAR_MAX 0x7fffU /* the verifier follows packet offsets up to 0xffff */

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
