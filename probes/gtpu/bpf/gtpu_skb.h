/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packet cursor over a kernel's skb: tracing programs have no packet access, so only the linear
 * part can be read. */
#pragma once

#include "direct.h"
#include "kernel.h"
#include "packet_copy.h"

/* A probe read costs as much for a hundred bytes as for eight (21 and 23 ns, measured): without direct
 * reads, what is near each other is read at once. */
#define SKB_BYTES 256 /* of struct sk_buff; what lies behind is read alone */
#define HEADERS_BYTES 128

/* What is wanted of struct sk_buff. */
struct skb_view {
	__u64 skb;
	const __u8 *head;
	const __u8 *data;
	struct net_device *dev;
	__u32 len;
	__u32 data_len;
	__u32 end;
	__u16 network_header;
	__u16 protocol; /* network order */
	__u8 bytes[SKB_BYTES];
};

/* skb->field, from the bytes. The offset is known at load. */
#define SKB(view, field)                                                                                               \
	({                                                                                                             \
		struct sk_buff *skb_ = (void *)(view)->skb;                                                            \
		__u32 off_ = bpf_core_field_offset(struct sk_buff, field);                                             \
		typeof(skb_->field) v_;                                                                                \
                                                                                                                       \
		if (off_ <= SKB_BYTES - sizeof(v_))                                                                    \
			v_ = *(typeof(v_) *)((view)->bytes + off_);                                                    \
		else                                                                                                   \
			v_ = BPF_CORE_READ(skb_, field);                                                               \
		v_;                                                                                                    \
	})

static __always_inline void skb_take_bytes(struct skb_view *v, const struct sk_buff *skb)
{
	if (bpf_probe_read_kernel(v->bytes, sizeof(v->bytes), skb))
		__builtin_memset(v->bytes, 0, sizeof(v->bytes));
	v->head = SKB(v, head);
	v->data = SKB(v, data);
	v->dev = SKB(v, dev);
	v->len = SKB(v, len);
	v->data_len = SKB(v, data_len);
	v->end = SKB(v, end);
	v->network_header = SKB(v, network_header);
	v->protocol = SKB(v, protocol);
}

static __always_inline void skb_take(struct skb_view *v, const struct sk_buff *from)
{
	const struct sk_buff *skb;

	v->skb = (__u64)from;
	if (!direct_reads) {
		skb_take_bytes(v, from);
		return;
	}
	skb = DIRECT(struct sk_buff, from);
	v->head = skb->head;
	v->data = skb->data;
	v->dev = skb->dev;
	v->len = skb->len;
	v->data_len = skb->data_len;
	v->end = skb->end;
	v->network_header = skb->network_header;
	v->protocol = skb->protocol;
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
	if (direct_reads && at + len <= h->linear) {
		direct_copy(to, h->start + at, len);
		return 0;
	}
	if (!direct_reads && at <= HEADERS_BYTES - len && at + len <= h->copied) {
		packet_copy(to, h->bytes + at, len);
		return 0;
	}
	if (direct_reads || off > h->linear || len > h->linear - off)
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
static __always_inline void skb_cursor_set(struct skb_cursor *c, const struct skb_view *v, const __u8 *start, __u32 off)
{
	const struct skb_shared_info *shared = (const void *)(v->head + v->end);
	__u32 len = (__u32)(v->data - start) + v->len, linear = len - v->data_len, take;

	c->head.start = start;
	c->head.linear = linear;
	c->head.len = len;
	c->head.gso = (direct_reads ? DIRECT(struct skb_shared_info, shared)->gso_size
				    : BPF_CORE_READ(shared, gso_size)) != 0;
	__builtin_memset(&c->at, 0, PACKET_AT_CLEARED);
	c->at.off = off;
	c->at.end = len;
	c->at.gso = c->head.gso;
	if (direct_reads)
		return;
	take = linear > HEADERS_BYTES ? HEADERS_BYTES : linear;
	c->head.copied = bpf_probe_read_kernel(c->head.bytes, take, start) ? 0 : take;
}
