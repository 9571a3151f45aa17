/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet cursor over a kernel's skb: tracing programs have no packet access, so only the linear
 * part can be read. */
#pragma once

#include "kernel.h"

struct skb_head {
	const __u8 *start;
	__u32 linear; /* bytes from start on that can be read */
	__u32 len;    /* bytes from start to the packet's end */
	__u8 gso;
};

static __always_inline int skb_head_load(const struct skb_head *h, __u32 off, void *to, __u32 len)
{
	if (off > h->linear || len > h->linear - off)
		return -1;
	return bpf_probe_read_kernel(to, len, h->start + off);
}

#define PACKET_SOURCE const struct skb_head
#define PACKET_LOAD(src, off, to, len) skb_head_load(src, off, to, len)
#include "packet.h"

/* The cursor lies beside its packet in a map: what is loaded from there has no history, so that the
 * verifier does not follow every combination of headers (more than 1,000,000 instructions with a
 * cursor on the stack). */
struct skb_cursor {
	struct skb_head head;
	struct packet_at at;
};

/* From `start` on, which is at or before skb->data; the cursor stands off bytes behind it. */
static __always_inline void skb_cursor_set(struct skb_cursor *c, const struct sk_buff *skb,
					   const __u8 *start, __u32 off)
{
	__u32 before = (__u32)(BPF_CORE_READ(skb, data) - start);
	__u32 len = BPF_CORE_READ(skb, len);
	const struct skb_shared_info *shared = (const void *)(BPF_CORE_READ(skb, head) +
							       BPF_CORE_READ(skb, end));

	c->head.start = start;
	c->head.linear = before + len - BPF_CORE_READ(skb, data_len);
	c->head.len = before + len;
	c->head.gso = BPF_CORE_READ(shared, gso_size) != 0;
	c->at = (struct packet_at){.off = off, .end = c->head.len, .gso = c->head.gso};
}
