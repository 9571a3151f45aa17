/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The calls that a module makes on a packet's way: how long each took, and what it reveals of the packet. Part of
 * gtpu.bpf.c.
 *
 * A function of the module has two bodies here, <what>_entry() and <what>_exit(), and gtpu_entries.h puts them at its
 * entry and its return. A body does three things, in this order:
 *
 * 1. It finds the packet under way that the call belongs to (gtpu_packet.h). An entry finds it by the skb:
 *    packet_on_way(). A return is given no skb: packet_under_way() takes the packet of this CPU and direction. A
 *    function that is given no skb at all takes the packet begun last: packet_begun_last(). NULL: a call for a packet
 *    that is not followed; the ledger counts it as foreign.
 * 2. It keeps the books of the call: call_begin() at the entry, call_end() at the return. Both write the ledger;
 *    call_end() sets the duration in p->took[] and counts the call by its return value; with each_function both make
 *    the call's own event. call_end() returns the time, or 0 for a return that is not the end of the call that was
 *    begun: no entry was seen, or the call is inside another one of the same function. Such a return tells nothing.
 *    call_alone() keeps the books of a function whose return is not hooked.
 * 3. It writes what the call reveals: bits and values of p->seen, fields of p->record. It draws no conclusion:
 *    decide() does, when the packet function returns.
 *
 * plain_entry() and plain_exit() are for a function of which only the call itself is of interest. To hook one more
 * function: its number in enum gtpu_func, its place in enum gtpu_span, gtpu_span_func() and span_of() if it is timed,
 * its bodies here, its lines in gtpu_entries.h, its row in gtpu_hooks.c, its programs in verifier.budget. */
#pragma once

#include "gtpu_events.h"
#include "gtpu_tally.h"

/* Where the function's time goes, the other direction of gtpu_span_func(); GTPU_SPAN_CALLS: nowhere. */
static __always_inline __u32 span_of(__u32 func)
{
	switch (func) {
	case PDR_FIND_BY_GTP1U:
	case PDR_FIND_BY_IPV4:
		return GTPU_SPAN_LOOKUP;
	case PDR_FIND_BY_FRAMED_ROUTE:
		return GTPU_SPAN_FRAMED_ROUTE;
	case GTP5G_HANDLE_SKB_IPV4:
	case GTP_BUILD_SKB_IP4:
	case GTP_RX:
		return GTPU_SPAN_HANDLE;
	case POLICE_PACKET:
		return GTPU_SPAN_POLICE;
	case GTP5G_PUSH_HEADER:
	case GTP_PUSH_HEADER:
		return GTPU_SPAN_PUSH;
	case GTP5G_XMIT_SKB_IPV4:
		return GTPU_SPAN_XMIT;
	case IP_XMIT:
		return GTPU_SPAN_N9;
	case GTP1U_UDP_ENCAP_RECV:
		return GTPU_SPAN_RECEIVE;
	case GTP5G_RX:
		return GTPU_SPAN_RX;
	case GTP5G_FWD_SKB_IPV4:
		return GTPU_SPAN_FORWARD;
	case NETIF_RX:
		return GTPU_SPAN_N6;
	}
	return GTPU_SPAN_CALLS;
}

static __always_inline void emit_call(struct open_packet *p, __u32 func, __u16 kind, __u64 at_ns)
{
	__u32 packet_func = p->record.func_id;

	p->record.func_id = func;
	emit(p, kind, at_ns);
	p->record.func_id = packet_func;
}

/* p: the packet whose call it is; NULL: the call is for no packet that is followed. */
static __always_inline void call_noted(__u32 func, const struct open_packet *p)
{
	NOTE(func, entries);
	if (!p)
		NOTE(func, foreign);
	if (contexts_of_calls)
		count_context(func);
}

/* Of a function whose return is not hooked. */
static __always_inline void call_alone(__u32 func, struct open_packet *p)
{
	call_noted(func, p);
	if (!p)
		return;
	count(func, GTPU_NO_RETURN, p->record.len);
	if (each_function && entries_wanted())
		emit_call(p, func, GTPU_ENTRY, bpf_ktime_get_ns());
}

/* A call within a call of the same function is not measured, nor is one whose return was missed. */
static __always_inline void call_begin(__u32 func, struct open_packet *p)
{
	__u32 span = span_of(func);
	__u64 now;

	if (!exits_hooked || span == GTPU_SPAN_CALLS) {
		call_alone(func, p);
		return;
	}
	call_noted(func, p);
	if (!p)
		return;
	if (p->depth[span]++) {
		NOTE(func, no_exit);
		return;
	}
	now = bpf_ktime_get_ns();
	p->began[span] = now;
	if (each_function && entries_wanted())
		emit_call(p, func, GTPU_ENTRY, now);
}

static __always_inline struct open_packet *call_entry(__u32 func, __u32 direction, const struct sk_buff *skb)
{
	struct open_packet *p = packet_on_way(direction, (__u64)skb);

	call_begin(func, p);
	return p;
}

static __always_inline __u32 span_ns(__u64 from, __u64 to)
{
	__u64 ns = to - from;

	return ns >> 32 ? 0xffffffff : (__u32)ns ?: 1;
}

static __always_inline void emit_call_exit(struct open_packet *p, __u32 func, __s32 ret, __u8 has, __u64 now)
{
	__u8 packet_has = p->record.has;

	p->record.has |= has | GTPU_HAS_DURATION;
	p->record.ret = ret;
	p->record.duration_ns = now - p->began[span_of(func)];
	emit_call(p, func, GTPU_EXIT, now);
	p->record.has = packet_has;
	p->record.ret = 0;
	p->record.duration_ns = 0;
}

/* When the measured call of the packet returned; 0: the return cannot be trusted to be that call's.
 * has: GTPU_HAS_RETURN where ret is known. */
static __always_inline __u64 call_end(__u32 func, struct open_packet *p, __s32 ret, __u8 has)
{
	__u32 span = span_of(func);
	__u64 now;

	NOTE(func, exits);
	if (span == GTPU_SPAN_CALLS || !p || !p->depth[span] || --p->depth[span]) {
		NOTE(func, no_entry);
		return 0;
	}
	NOTE(func, paired);
	now = bpf_ktime_get_ns();
	p->took[span] = span_ns(p->began[span], now);
	count(func, has ? ret : GTPU_NO_RETURN, p->record.len);
	if (each_function && entries_wanted())
		emit_call_exit(p, func, ret, has, now);
	return now;
}

static __always_inline int plain_exit(__u32 func, __u32 direction, __s32 ret, __u8 has)
{
	call_end(func, packet_under_way(direction), ret, has);
	return 0;
}

static __always_inline int plain_entry(__u32 func, __u32 direction, const struct sk_buff *skb)
{
	call_entry(func, direction, skb);
	return 0;
}

/* By now the module has pulled the headers together, if it had to. */
static __always_inline struct open_packet *pulled_entry(__u32 func, const struct sk_buff *skb, __u16 what)
{
	struct open_packet *p = call_entry(func, GTPU_UPLINK, skb);

	if (!p)
		return NULL;
	p->seen.what |= what;
	if (!p->record.inner.family) {
		skb_take(&p->view, skb);
		fill_uplink(p);
	}
	return p;
}

static __always_inline int rx_entry(const struct sk_buff *skb)
{
	pulled_entry(GTP_RX, skb, SEEN_RX_ENTRY);
	return 0;
}

static __always_inline int lookup_entry(__u32 func, __u32 direction, const void *gtp, const struct sk_buff *skb)
{
	struct open_packet *p;

	if (direction == GTPU_UPLINK)
		p = pulled_entry(func, skb, SEEN_LOOKUP);
	else
		p = call_entry(func, direction, skb);
	if (!p)
		return 0;
	p->gtp = (__u64)gtp;
	p->seen.what |= SEEN_LOOKUP;
	if (exits_hooked)
		p->took[GTPU_SPAN_STAGES + GTPU_PARSE] = span_ns(p->entry_ns, p->began[span_of(func)]);
	return 0;
}

/* hdrlen: of the headers from the outer UDP header on. gtp5g looks for no PDR where a T-PDU has not a whole IPv4 header
 * behind them. */
static __always_inline int lookup_gtp1u(const void *gtp, const struct sk_buff *skb, __u32 hdrlen)
{
	struct open_packet *p;

	lookup_entry(PDR_FIND_BY_GTP1U, GTPU_UPLINK, gtp, skb);
	p = packet_on_way(GTPU_UPLINK, (__u64)skb);
	if (p && p->record.gtp.type == GTPU_TYPE_GPDU && p->record.len < hdrlen + sizeof(struct packet_ipv4))
		p->seen.head = HEAD_GTPU_INNER;
	return 0;
}

static __always_inline int lookup_exit(__u32 func, __u32 direction, __u64 pdr)
{
	struct open_packet *p = packet_under_way(direction);
	__u64 now = call_end(func, p, 0, 0);

	if (!p || !now)
		return 0;
	p->looked_ns = now;
	p->took[GTPU_SPAN_STAGES + GTPU_LOOKUP] = p->took[span_of(func)];
	/* The lookup has pulled the inner IP header. */
	if (direction == GTPU_UPLINK && !p->record.inner.family) {
		skb_take(&p->view, (const void *)p->skb);
		fill_uplink(p);
	}
	if (pdr) {
		p->seen.what |= SEEN_PDR;
		p->seen.rule = rule_take(&p->record, &p->rule, pdr, p->gtp);
	} else {
		p->seen.what |= SEEN_NO_PDR;
	}
	return 0;
}

/* The function is not given the packet: a call from an interrupt belongs to none. */
static __always_inline struct open_packet *packet_policed(void)
{
	return current_context() == CONTEXT_HARDIRQ ? NULL : packet_begun_last();
}

static __always_inline int police_entry(void)
{
	call_begin(POLICE_PACKET, packet_policed());
	return 0;
}

static __always_inline int police_exit(__s32 color)
{
	struct open_packet *p = packet_policed();

	if (!call_end(POLICE_PACKET, p, color, GTPU_HAS_RETURN) || !p)
		return 0;
	if (color >= 0 && color < GTPU_COLORS - 1)
		p->record.color = color + 1;
	if (color == 2)
		p->seen.what |= SEEN_RED;
	return 0;
}

/* Without reports it is the packet that goes to user space, to be kept there. */
static __always_inline int netlink_entry(const struct sk_buff *skb, __u64 reports)
{
	struct open_packet *p = reports ? packet_begun_last() : packet_with((__u64)skb);

	call_alone(NETLINK_SEND, p);
	if (p && !reports)
		p->seen.what |= SEEN_BUFFERED;
	return 0;
}

static __always_inline int usage_entry(__s32 action)
{
	struct open_packet *p = packet_begun_last();

	call_alone(UPDATE_USAGE_STATISTIC, p);
	if (!p)
		return 0;
	p->seen.action = action;
	p->seen.what |= SEEN_ACTION;
	return 0;
}

static __always_inline int n9_entry(const struct sk_buff *skb)
{
	struct open_packet *p = call_entry(IP_XMIT, GTPU_UPLINK, skb);

	if (p)
		p->seen.what |= SEEN_N9_ENTRY;
	return 0;
}

static __always_inline int n9_exit(__s32 ret)
{
	struct open_packet *p = packet_under_way(GTPU_UPLINK);

	if (!call_end(IP_XMIT, p, ret, GTPU_HAS_RETURN) || !p)
		return 0;
	p->seen.n9 = ret;
	p->seen.what |= SEEN_N9;
	return 0;
}

/* All of the kernel calls this function: a call that interrupts the packet's own returns before it. */
static __always_inline int n6_entry(const struct sk_buff *skb)
{
	struct open_packet *p = packet_under_way(GTPU_UPLINK);

	if (p && p->skb == (__u64)skb) {
		p->seen.what |= SEEN_N6_ENTRY;
		call_begin(NETIF_RX, p);
		return 0;
	}
	NOTE(NETIF_RX, entries);
	NOTE(NETIF_RX, foreign);
	if (p && p->depth[GTPU_SPAN_N6])
		p->depth[GTPU_SPAN_N6]++;
	return 0;
}

static __always_inline int n6_exit(__s32 ret)
{
	struct open_packet *p = packet_under_way(GTPU_UPLINK);

	if (call_end(NETIF_RX, p, ret, GTPU_HAS_RETURN) && p)
		p->seen.what |= ret ? SEEN_REFUSED : SEEN_N6;
	return 0;
}

static __always_inline int handle_entry(const struct sk_buff *skb)
{
	struct open_packet *p = call_entry(GTP5G_HANDLE_SKB_IPV4, GTPU_DOWNLINK, skb);

	if (p)
		p->seen.what |= SEEN_HANDLING;
	return 0;
}

static __always_inline int handle_exit(__s32 ret)
{
	struct open_packet *p = packet_under_way(GTPU_DOWNLINK);
	__u64 now = call_end(GTP5G_HANDLE_SKB_IPV4, p, ret, GTPU_HAS_RETURN);

	if (!p || !now)
		return 0;
	p->seen.handled = ret;
	p->seen.what |= SEEN_HANDLED;
	p->decided_ns = now;
	if (p->looked_ns)
		p->took[GTPU_SPAN_STAGES + GTPU_APPLY] = span_ns(p->looked_ns, now);
	return 0;
}

static __always_inline int rx_exit(__s32 ret)
{
	struct open_packet *p = packet_under_way(GTPU_UPLINK);

	if (!call_end(GTP_RX, p, ret, GTPU_HAS_RETURN) || !p)
		return 0;
	p->seen.gtp = ret;
	p->seen.what |= SEEN_RX;
	p->took[GTPU_SPAN_STAGES + GTPU_APPLY] = p->took[GTPU_SPAN_HANDLE];
	return 0;
}

static __always_inline int push_entry(__u32 func, const struct sk_buff *skb, const void *info)
{
	struct open_packet *p = call_entry(func, GTPU_DOWNLINK, skb);

	if (!p)
		return 0;
	p->pktinfo = (__u64)info;
	p->seen.what |= SEEN_PUSHING;
	return 0;
}

/* The packet's rule is looked up inside it. */
static __always_inline int build_entry(const struct sk_buff *skb, const void *info)
{
	return push_entry(GTP_BUILD_SKB_IP4, skb, info);
}

/* The packet after the module put its header on: skb and pktinfo are the caller's until it hands
 * them to the tunnel code. */
static __always_inline void fill_pushed(struct open_packet *p, bool gtp5g)
{
	fill_gtp(p, (const struct sk_buff *)p->skb, 0);
	if (gtp5g)
		fill_outer_gtp5g(&p->record, (const void *)p->pktinfo);
	else
		fill_outer_gtp(&p->record, (const void *)p->pktinfo);
}

static __always_inline int push_exit(__u32 func, __s32 ret, __u8 has, bool gtp5g)
{
	struct open_packet *p = packet_under_way(GTPU_DOWNLINK);
	__u64 now;

	/* Before the call's own event, which then has the header. */
	if (p && !ret && p->depth[span_of(func)] == 1)
		fill_pushed(p, gtp5g);
	now = call_end(func, p, ret, has);
	if (!p || !now)
		return 0;
	if (has & GTPU_HAS_RETURN) {
		p->seen.gtp = ret;
		p->seen.what |= SEEN_BUILT;
	}
	if (!ret)
		p->seen.what |= SEEN_PUSHED;
	if (!gtp5g && !ret)
		p->decided_ns = now;
	return 0;
}

static __always_inline int xmit_entry(const struct sk_buff *skb)
{
	struct open_packet *p = packet_on_way(GTPU_DOWNLINK, (__u64)skb);

	if (each_function)
		call_begin(GTP5G_XMIT_SKB_IPV4, p);
	else
		call_alone(GTP5G_XMIT_SKB_IPV4, p);
	return 0;
}

/* skb->data is at the outer UDP header, the addresses are arguments: what is needed of a module
 * without BTF. Every IPv4 tunnel calls the function. */
static __always_inline int tunnel_entry(const struct sk_buff *skb, __u32 src, __u32 dst)
{
	struct open_packet *p = packet_on_way(GTPU_DOWNLINK, (__u64)skb);
	__u16 ports[2];

	NOTE(IPTUNNEL_XMIT, entries);
	if (!p) {
		NOTE(IPTUNNEL_XMIT, foreign);
		return 0;
	}
	fill_gtp(p, skb, 8);
	outer_v4(&p->record, src, dst);
	if (!kernel_copy(ports, p->view.data, sizeof(ports))) {
		p->record.outer.sport = bpf_ntohs(ports[0]);
		p->record.outer.dport = bpf_ntohs(ports[1]);
		p->record.outer.ports = 1;
	}
	return 0;
}

/* The packet under way may have used up the quota. */
static __always_inline int quota_entry(const void *urr, const void *gtp)
{
	struct open_packet *p = packet_begun_last();
	struct gtpu_quota_key key = {};
	__u64 now = bpf_ktime_get_boot_ns();

	NOTE(URR_QUOTA_EXHAUST_ACTION, entries);
	if (p)
		p->seen.what |= SEEN_EXHAUSTED;
	if (quota_key_of(&key, (__u64)urr, (__u64)gtp))
		quotas_lost = true;
	else if (bpf_map_update_elem(&gtpu_quotas, &key, &now, BPF_ANY))
		NOTE(URR_QUOTA_EXHAUST_ACTION, uncounted);
	return 0;
}

static __always_inline int quota_reverse_entry(const void *urr, const void *gtp)
{
	struct gtpu_quota_key key = {};

	NOTE(URR_REVERSE_QUOTA_EXHAUST_ACTION, entries);
	if (quota_key_of(&key, (__u64)urr, (__u64)gtp))
		quotas_lost = true;
	else
		bpf_map_delete_elem(&gtpu_quotas, &key);
	return 0;
}
