/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a device without a link-layer header leaves before the network header. gtp5g hands a decapsulated packet on
 * with N3's Ethernet header for its own: tc goes back to that one, and the outer headers come first. */
#pragma once

#include "kernel.h"

#define LEFT_MAX 256U /* Ethernet, IPv6 and GTP-U with extension headers are shorter */

struct left_words {
	__u64 first;
};

/* As its own length field has it. 0: no IP header. */
static __always_inline __u32 left_ip_length(const struct left_words *w)
{
	const __u8 *b = (const __u8 *)w;

	if (b[0] >> 4 == 4)
		return (__u32)b[2] << 8 | b[3];
	return b[0] >> 4 == 6 ? 40 + ((__u32)b[4] << 8 | b[5]) : 0;
}

/* Bytes of the skb before its network header; 0 where that is the first, or is not found. */
static __always_inline __u32 left_before_network(struct __sk_buff *skb)
{
	struct left_words network = {}, here = {};
	__u32 len, left;

	if (bpf_skb_load_bytes_relative(skb, 0, &network, sizeof(network), BPF_HDR_START_NET) ||
	    bpf_skb_load_bytes(skb, 0, &here, sizeof(here)) || here.first == network.first)
		return 0;
	len = left_ip_length(&network);
	left = skb->len - len;
	if (!len || len > skb->len || left > LEFT_MAX)
		return 0;
	return bpf_skb_load_bytes(skb, left, &here, sizeof(here)) == 0 && here.first == network.first ? left : 0;
}
