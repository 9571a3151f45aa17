/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The state: a packet on its way through the module, what is known of it so far, and where that is kept. One
 * place per CPU and direction is enough, because both packet functions run with bottom halves
 * disabled; with PREEMPT_RT a task can take the CPU from another even there, and the place is the
 * task's. */
#pragma once

#include "gtpu.h"
#include "gtpu_modules.h"
#include "gtpu_skb.h"
#include "packet_head.h"
#include "task.h"

/* Set before load. */
const volatile bool exits_hooked = true;
const volatile bool preemptible = false; /* the kernel is a PREEMPT_RT one */
const volatile __u64 hooked = 0;	 /* by function, 1 << enum gtpu_func, whether it is hooked */

/* seen.what */
#define SEEN_LOOKUP 0x1 /* of a PDR: entered */
#define SEEN_NO_PDR 0x2 /* and it returned none */
#define SEEN_PDR 0x4
#define SEEN_ACTION 0x8	  /* update_usage_statistic's pkt_action */
#define SEEN_HANDLED 0x10 /* gtp5g_handle_skb_ipv4's return */
#define SEEN_BUFFERED 0x20
#define SEEN_N9 0x40 /* ip_xmit's return */
#define SEEN_RED 0x80
#define SEEN_RX 0x100	 /* gtp_rx's return */
#define SEEN_BUILT 0x200 /* gtp_build_skb_ip4's return */
#define SEEN_PUSHED 0x400
#define SEEN_HANDLING 0x800 /* gtp5g_handle_skb_ipv4 was entered */
#define SEEN_RX_ENTRY 0x1000
#define SEEN_N9_ENTRY 0x2000
#define SEEN_PUSHING 0x4000
#define SEEN_EXHAUSTED 0x8000 /* a quota was used up by this packet */
#define SEEN_N6_ENTRY 0x10000 /* netif_rx() was entered with it, */
#define SEEN_N6 0x20000	      /* took it, */
#define SEEN_REFUSED 0x40000  /* refused it */

struct seen {
	__s32 action;
	__s32 handled;
	__s32 n9;
	__s32 gtp; /* gtp_rx's or gtp_build_skb_ip4's */
	__u32 what;
	__u16 protocol;
	__u16 rule; /* RULE_* */
	__u8 head;  /* of packet_gtpu_header(); HEAD_MAX: not known */
};

struct open_packet {
	__u64 skb;
	__u64 entry_ns;
	__u64 looked_ns;  /* its rule was looked up, 0: not yet */
	__u64 decided_ns; /* downlink: what becomes of it is settled */
	__u64 pktinfo;
	__u64 gtp;     /* the gtp5g device */
	__u64 dev;     /* the net_device that the packet came by */
	__u32 func_id; /* 0: none is under way */
	__u32 path;
	__u32 took[GTPU_SPANS_ALL]; /* ns; 0: not seen */
	__u8 depth[GTPU_SPANS_ALL];
	struct gtpu_record record; /* its header stays empty */
	struct seen seen;
	/* Not cleared for the next packet. */
	__u64 began[GTPU_SPANS_ALL];
	struct skb_view view;
	struct skb_cursor cursor;
	struct rule_copy rule;
};

#define PACKET_CLEARED offsetof(struct open_packet, began)

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GTPU_DIRECTIONS);
	__type(key, __u32);
	__type(value, struct open_packet);
} gtpu_packets SEC(".maps");

struct task_packet {
	__u32 tid;
	__u32 direction;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* with PREEMPT_RT more, before load */
	__type(key, struct task_packet);
	__type(value, struct open_packet);
} gtpu_task_packets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct open_packet);
} gtpu_no_packet SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GTPU_FUNCS);
	__type(key, __u32);
	__type(value, struct gtpu_hook_ledger);
} gtpu_ledger SEC(".maps");

static __always_inline bool is_hooked(__u32 func)
{
	return hooked & 1ULL << func;
}

static __always_inline enum gtpu_path path_of(__u32 func)
{
	switch (func) {
	case GTP5G_ENCAP_RECV:
		return GTPU_PATH_GTP5G_UPLINK;
	case GTP5G_DEV_XMIT:
		return GTPU_PATH_GTP5G_DOWNLINK;
	case GTP_ENCAP_RECV:
		return GTPU_PATH_GTP_UPLINK;
	}
	return GTPU_PATH_GTP_DOWNLINK;
}

/* Atomic although per CPU: a hook's program can be interrupted by another's. */
#define NOTE(func, field)                                                                                              \
	({                                                                                                             \
		__u32 key_ = (func);                                                                                   \
		struct gtpu_hook_ledger *l_ = bpf_map_lookup_elem(&gtpu_ledger, &key_);                                \
                                                                                                                       \
		if (l_)                                                                                                \
			__sync_fetch_and_add(&l_->field, 1);                                                           \
	})

/* A packet's end does not nest on a CPU, unless the kernel is preemptible even there. */
#define COUNT(field, n)                                                                                                \
	({                                                                                                             \
		if (preemptible)                                                                                       \
			__sync_fetch_and_add(&(field), (n));                                                           \
		else                                                                                                   \
			(field) += (n);                                                                                \
	})

static __always_inline struct task_packet task_packet_key(__u32 direction)
{
	return (struct task_packet){.tid = (__u32)bpf_get_current_pid_tgid(), .direction = direction};
}

static __always_inline struct open_packet *packet_of(__u32 direction)
{
	struct task_packet key;

	if (!preemptible)
		return bpf_map_lookup_elem(&gtpu_packets, &direction);
	key = task_packet_key(direction);
	return bpf_map_lookup_elem(&gtpu_task_packets, &key);
}

/* packet_of(), made where there is none. */
static __always_inline struct open_packet *packet_place(__u32 func, __u32 direction)
{
	struct open_packet *p = packet_of(direction), *none;
	struct task_packet key;
	__u32 zero = 0;

	if (p || !preemptible)
		return p;
	none = bpf_map_lookup_elem(&gtpu_no_packet, &zero);
	key = task_packet_key(direction);
	if (none)
		bpf_map_update_elem(&gtpu_task_packets, &key, none, BPF_ANY);
	p = packet_of(direction);
	if (!p)
		NOTE(func, untracked);
	return p;
}

/* The place is free for the next. */
static __always_inline void packet_close(struct open_packet *p, __u32 direction)
{
	struct task_packet key;

	p->func_id = 0;
	if (!preemptible)
		return;
	key = task_packet_key(direction);
	bpf_map_delete_elem(&gtpu_task_packets, &key);
}

/* The packet whose way the call is on; NULL for any other. */
static __always_inline struct open_packet *packet_on_way(__u32 direction, __u64 skb)
{
	struct open_packet *p = packet_of(direction);

	return p && p->func_id && p->skb == skb ? p : NULL;
}

static __always_inline struct open_packet *packet_with(__u64 skb)
{
	struct open_packet *p = packet_on_way(GTPU_UPLINK, skb);

	return p ? p : packet_on_way(GTPU_DOWNLINK, skb);
}

/* For a function that is not given the packet: the packet that was begun last here. */
static __always_inline struct open_packet *packet_begun_last(void)
{
	struct open_packet *up = packet_of(GTPU_UPLINK), *down = packet_of(GTPU_DOWNLINK);

	if (!up || !up->func_id)
		return down && down->func_id ? down : NULL;
	if (!down || !down->func_id)
		return up;
	return up->entry_ns > down->entry_ns ? up : down;
}

/* For a function that is not given the packet and has returned. */
static __always_inline struct open_packet *packet_under_way(__u32 direction)
{
	struct open_packet *p = packet_of(direction);

	return p && p->func_id ? p : NULL;
}

/* The counts need the device's namespace; its name and number are for events alone: fill_interface(). */
static __always_inline void fill_device(struct open_packet *p, const struct net_device *dev)
{
	p->dev = (__u64)dev;
	if (dev)
		p->record.netns = netns_of_device(dev);
}

/* The device stays while the module is at one of its packets. */
static __always_inline void fill_interface(struct open_packet *p)
{
	const struct net_device *dev = (const void *)p->dev;
	struct gtpu_record *r = &p->record;

	if (!dev || r->has & GTPU_HAS_INTERFACE)
		return;
	r->ifindex = BPF_CORE_READ(dev, ifindex);
	bpf_core_read(r->interface, sizeof(r->interface), &dev->name);
	r->has |= GTPU_HAS_INTERFACE;
}

static __noinline int fill_inner(struct gtpu_record *r, struct skb_cursor *c)
{
	if (packet_ip(&c->head, &c->at, &r->inner) == PACKET_IP_OK)
		packet_l4(&c->head, &c->at, &r->inner);
	return 0;
}

static __noinline int fill_outer(struct gtpu_record *r, struct skb_cursor *c)
{
	if (packet_ip(&c->head, &c->at, &r->outer) || r->outer.proto != PACKET_UDP ||
	    packet_l4(&c->head, &c->at, &r->outer))
		return -1;
	return 0;
}

/* skb->data is at the outer UDP header, the outer IP header before it. An enum packet_head. */
static __noinline int fill_uplink(struct open_packet *p)
{
	const __u8 *ip = p->view.head + p->view.network_header;
	struct skb_cursor *c = &p->cursor;
	struct gtpu_record *r = &p->record;
	int head;

	skb_cursor_set(c, &p->view, ip, 0);
	if (fill_outer(r, c))
		return HEAD_MAX;
	c->at.off += 8;
	head = packet_gtpu_header(&c->head, &c->at, &r->gtp, NULL);
	if (head == HEAD_GTPU && r->gtp.type == GTPU_TYPE_GPDU)
		fill_inner(r, c);
	return head;
}

/* skb->data is at the inner packet. */
static __noinline int fill_downlink(struct open_packet *p)
{
	skb_cursor_set(&p->cursor, &p->view, p->view.data, 0);
	return fill_inner(&p->record, &p->cursor);
}

/* The GTP header is at skb->data + off. */
static __noinline int fill_gtp(struct open_packet *p, const struct sk_buff *skb, __u32 off)
{
	struct skb_cursor *c = &p->cursor;

	skb_take(&p->view, skb);
	skb_cursor_set(c, &p->view, p->view.data, off);
	return packet_gtpu_header(&c->head, &c->at, &p->record.gtp, NULL);
}
