/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The functions inside a packet's way that say what becomes of it. Part of gtpu.bpf.c. */
#pragma once

static __always_inline int lookup_entry(__u32 func, __u32 direction, const struct sk_buff *skb)
{
	struct open_packet *p;

	if (direction == GTPU_UPLINK)
		return pulled_entry(func, skb, SEEN_LOOKUP);
	p = call_entry(func, direction, skb, NULL, true);
	if (p)
		p->seen.what |= SEEN_LOOKUP;
	return 0;
}

static __always_inline int lookup_exit(__u32 func, __u32 direction, __u64 pdr)
{
	struct call *c = call_return(func);
	struct open_packet *p;

	if (!c)
		return 0;
	p = packet_on_way(direction, c->skb);
	if (p && pdr) {
		p->seen.what |= SEEN_PDR;
		p->seen.rule = rule_take(&p->record, pdr);
	} else if (p) {
		p->seen.what |= SEEN_NO_PDR;
	}
	call_exit(func, c, p, 0, 0);
	return 0;
}

static __always_inline int police_exit(__s32 color)
{
	struct call *c = call_return(POLICE_PACKET);
	struct open_packet *p;

	if (!c)
		return 0;
	p = packet_with(c->skb);
	if (p && color == 2)
		p->seen.what |= SEEN_RED;
	call_exit(POLICE_PACKET, c, p, color, GTPU_HAS_RETURN);
	return 0;
}

/* Without reports it is the packet that goes to user space, to be kept there. */
static __always_inline int netlink_entry(const struct sk_buff *skb, __u64 reports)
{
	struct open_packet *p = call_begin(NETLINK_SEND, packet_with((__u64)skb), NULL, false);

	if (p && !reports)
		p->seen.what |= SEEN_BUFFERED;
	return 0;
}

static __always_inline int usage_entry(__s32 action)
{
	struct open_packet *p = call_begin(UPDATE_USAGE_STATISTIC, packet_begun_last(), NULL, false);

	if (!p)
		return 0;
	p->seen.action = action;
	p->seen.what |= SEEN_ACTION;
	return 0;
}

static __always_inline int n9_entry(const struct sk_buff *skb)
{
	struct open_packet *p = call_entry(IP_XMIT, GTPU_UPLINK, skb, NULL, true);

	if (p)
		p->seen.what |= SEEN_N9_ENTRY;
	return 0;
}

static __always_inline int n9_exit(__s32 ret)
{
	struct call *c = call_return(IP_XMIT);
	struct open_packet *p;

	if (!c)
		return 0;
	p = packet_on_way(GTPU_UPLINK, c->skb);
	if (p) {
		p->seen.n9 = ret;
		p->seen.what |= SEEN_N9;
	}
	call_exit(IP_XMIT, c, p, ret, GTPU_HAS_RETURN);
	return 0;
}

static __always_inline int handle_entry(const struct sk_buff *skb, const void *info)
{
	struct open_packet *p = call_entry(GTP5G_HANDLE_SKB_IPV4, GTPU_DOWNLINK, skb, info, true);

	if (p)
		p->seen.what |= SEEN_HANDLING;
	return 0;
}

static __always_inline int handle_exit(__s32 ret)
{
	struct call *c = call_return(GTP5G_HANDLE_SKB_IPV4);
	struct open_packet *p;

	if (!c)
		return 0;
	p = packet_on_way(GTPU_DOWNLINK, c->skb);
	if (p) {
		p->seen.handled = ret;
		p->seen.what |= SEEN_HANDLED;
	}
	call_exit(GTP5G_HANDLE_SKB_IPV4, c, p, ret, GTPU_HAS_RETURN);
	return 0;
}

static __always_inline int rx_exit(__s32 ret)
{
	struct call *c = call_return(GTP_RX);
	struct open_packet *p;

	if (!c)
		return 0;
	p = packet_on_way(GTPU_UPLINK, c->skb);
	if (p) {
		p->seen.gtp = ret;
		p->seen.what |= SEEN_RX;
	}
	call_exit(GTP_RX, c, p, ret, GTPU_HAS_RETURN);
	return 0;
}

static __always_inline int push_entry(__u32 func, const struct sk_buff *skb, const void *info)
{
	struct open_packet *p = call_entry(func, GTPU_DOWNLINK, skb, info, true);

	if (p)
		p->seen.what |= SEEN_PUSHING;
	return 0;
}
