/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet cursor over a kernel's skb: tracing programs have no packet access, so only the linear
 * part can be read. */
#pragma once

#include "kernel.h"
#include "packet_copy.h"

/* A probe read costs as much for a hundred bytes as for eight (21 and 23 ns, measured): what is near each
 * other is read at once. */
#define SKB_BYTES 256 /* of struct sk_buff; what lies behind is read alone */
#define HEADERS_BYTES 128

/* skb->field, from the copy. The offset is known at load. */
#define SKB(copy, field)                                                                           \
	({                                                                                         \
		struct sk_buff *skb_ = (void *)(copy)->skb;                                        \
		__u32 off_ = bpf_core_field_offset(struct sk_buff, field);                         \
		typeof(skb_->field) v_;                                                            \
                                                                                                   \
		if (off_ <= SKB_BYTES - sizeof(v_))                                                \
			v_ = *(typeof(v_) *)((copy)->bytes + off_);                                \
		else                                                                               \
			v_ = BPF_CORE_READ(skb_, field);                                           \
		v_;                                                                                \
	})

struct skb_copy {
	__u64 skb;
	__u8 bytes[SKB_BYTES];
};

static __always_inline void skb_take(struct skb_copy *copy, const struct sk_buff *skb)
{
	copy->skb = (__u64)skb;
	if (bpf_probe_read_kernel(copy->bytes, sizeof(copy->bytes), skb))
		__builtin_memset(copy->bytes, 0, sizeof(copy->bytes));
}

struct skb_head {
	const __u8 *start;
	__u32 linear; /* bytes from start on that can be read */
	__u32 len;    /* bytes from start to the packet's end */
	__u32 copied; /* of the linear ones, into bytes */
	__u8 gso;
	__u8 pad[3];
	__u8 bytes[HEADERS_BYTES];
};

static __always_inline int skb_head_load(const struct skb_head *h, __u32 off, void *to, __u32 len)
{
	__u64 at = off;

	/* One register for the check and the sum: the verifier of 5.10 does not follow copies of its
	 * lower half. */
	asm volatile("" : "+r"(at));
	if (at <= HEADERS_BYTES - len && at + len <= h->copied) {
		packet_copy(to, h->bytes + at, len);
		return 0;
	}
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
static __always_inline void skb_cursor_set(struct skb_cursor *c, const struct skb_copy *skb,
					   const __u8 *start, __u32 off)
{
	__u32 before = (__u32)(SKB(skb, data) - start);
	__u32 len = SKB(skb, len);
	const struct skb_shared_info *shared = (const void *)(SKB(skb, head) + SKB(skb, end));
	__u32 take;

	c->head.start = start;
	c->head.linear = before + len - SKB(skb, data_len);
	c->head.len = before + len;
	c->head.gso = BPF_CORE_READ(shared, gso_size) != 0;
	c->at = (struct packet_at){.off = off, .end = c->head.len, .gso = c->head.gso};
	take = c->head.linear;
	if (take > HEADERS_BYTES)
		take = HEADERS_BYTES;
	c->head.copied = bpf_probe_read_kernel(c->head.bytes, take, start) ? 0 : take;
}
