/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One line for each way to hook a function: fentry_<f>, fexit_<f>, kprobe_<f>, kretprobe_<f>. The
 * loader takes a pair of each and leaves the rest. */
#pragma once

#include <linux/ptrace.h>

#include "kernel.h"

#define FENTRY(f, ...) SEC("fentry") int BPF_PROG(fentry_##f, ##__VA_ARGS__)
#define FEXIT(f, ...) SEC("fexit") int BPF_PROG(fexit_##f, ##__VA_ARGS__)
#define KPROBE(f, ...) SEC("kprobe") int BPF_KPROBE(kprobe_##f, ##__VA_ARGS__)
#define KRETPROBE(f, ...) SEC("kretprobe") int BPF_KRETPROBE(kretprobe_##f, ##__VA_ARGS__)

/* int f(struct sock *, struct sk_buff *) */
#define RECEIVE(f, id)                                                                             \
	FENTRY(f, struct sock *sk, struct sk_buff *skb) { return receive_entry(id, skb); }         \
	KPROBE(f, struct sock *sk, struct sk_buff *skb) { return receive_entry(id, skb); }         \
	FEXIT(f, struct sock *sk, struct sk_buff *skb, int ret)                                    \
	{                                                                                          \
		return packet_exit(id, GTPU_UPLINK, ret);                                          \
	}                                                                                          \
	KRETPROBE(f, int ret) { return packet_exit(id, GTPU_UPLINK, ret); }

/* netdev_tx_t f(struct sk_buff *, struct net_device *) */
#define TRANSMIT(f, id)                                                                            \
	FENTRY(f, struct sk_buff *skb, struct net_device *dev)                                     \
	{                                                                                          \
		return transmit_entry(id, skb, dev);                                               \
	}                                                                                          \
	KPROBE(f, struct sk_buff *skb, struct net_device *dev)                                     \
	{                                                                                          \
		return transmit_entry(id, skb, dev);                                               \
	}                                                                                          \
	FEXIT(f, struct sk_buff *skb, struct net_device *dev, int ret)                             \
	{                                                                                          \
		return packet_exit(id, GTPU_DOWNLINK, ret);                                        \
	}                                                                                          \
	KRETPROBE(f, int ret) { return packet_exit(id, GTPU_DOWNLINK, ret); }

/* void f(struct sk_buff *, struct <module>_pktinfo *) */
#define PUSH(f, id, gtp5g)                                                                         \
	FENTRY(f, struct sk_buff *skb, void *info) { return push_entry(id, skb, info); }           \
	KPROBE(f, struct sk_buff *skb, void *info) { return push_entry(id, skb, info); }           \
	FEXIT(f) { return push_exit(id, 0, 0, gtp5g); }                                            \
	KRETPROBE(f) { return push_exit(id, 0, 0, gtp5g); }

RECEIVE(gtp_encap_recv, GTP_ENCAP_RECV)
RECEIVE(gtp5g_encap_recv, GTP5G_ENCAP_RECV)
TRANSMIT(gtp_dev_xmit, GTP_DEV_XMIT)
TRANSMIT(gtp5g_dev_xmit, GTP5G_DEV_XMIT)
PUSH(gtp_push_header, GTP_PUSH_HEADER, false)
PUSH(gtp5g_push_header, GTP5G_PUSH_HEADER, true)

/* Up to 6.7: int f(struct sk_buff *, struct net_device *, struct gtp_pktinfo *) */
FENTRY(gtp_build_skb_ip4, struct sk_buff *skb, struct net_device *dev, void *info)
{
	return build_entry(skb, info);
}

KPROBE(gtp_build_skb_ip4, struct sk_buff *skb, struct net_device *dev, void *info)
{
	return build_entry(skb, info);
}

FEXIT(gtp_build_skb_ip4, struct sk_buff *skb, struct net_device *dev, void *info, int ret)
{
	return push_exit(GTP_BUILD_SKB_IP4, ret, GTPU_HAS_RETURN, false);
}

KRETPROBE(gtp_build_skb_ip4, int ret)
{
	return push_exit(GTP_BUILD_SKB_IP4, ret, GTPU_HAS_RETURN, false);
}

/* What an fexit program's function returned, where versions differ in how many arguments it has:
 * bpf_get_func_ret() (5.17) knows, before it is so many. */
static __always_inline __s32 returned(unsigned long long *ctx, __u32 arguments)
{
	__u64 ret = 0;

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_ret))
		return (__s32)ctx[arguments];
	bpf_get_func_ret(ctx, &ret);
	return (__s32)ret;
}

/* int f(struct pdp_ctx *, struct sk_buff *, unsigned int hdrlen, unsigned int role), and since 6.12
 * one argument more. */
FENTRY(gtp_rx, void *pctx, struct sk_buff *skb) { return rx_entry(skb); }
KPROBE(gtp_rx, void *pctx, struct sk_buff *skb) { return rx_entry(skb); }
FEXIT(gtp_rx) { return rx_exit(returned(ctx, 4)); }
KRETPROBE(gtp_rx, int ret) { return rx_exit(ret); }

/* struct pdr *f(struct gtp5g_dev *, struct sk_buff *, ...) */
#define LOOKUP(f, id, direction)                                                                   \
	FENTRY(f, void *gtp, struct sk_buff *skb)                                                  \
	{                                                                                          \
		return lookup_entry(id, direction, gtp, skb);                                      \
	}                                                                                          \
	KPROBE(f, void *gtp, struct sk_buff *skb)                                                  \
	{                                                                                          \
		return lookup_entry(id, direction, gtp, skb);                                      \
	}                                                                                          \
	KRETPROBE(f, void *pdr) { return lookup_exit(id, direction, (__u64)pdr); }

/* (..., unsigned int hdrlen, u32 teid, u8 type) */
LOOKUP(pdr_find_by_gtp1u, PDR_FIND_BY_GTP1U, GTPU_UPLINK)
FEXIT(pdr_find_by_gtp1u, void *gtp, void *skb, __u32 hdrlen, __u32 teid, __u8 type, void *pdr)
{
	return lookup_exit(PDR_FIND_BY_GTP1U, GTPU_UPLINK, (__u64)pdr);
}

/* (..., unsigned int hdrlen, __be32 addr) */
LOOKUP(pdr_find_by_ipv4, PDR_FIND_BY_IPV4, GTPU_DOWNLINK)
FEXIT(pdr_find_by_ipv4, void *gtp, void *skb, __u32 hdrlen, __u32 addr, void *pdr)
{
	return lookup_exit(PDR_FIND_BY_IPV4, GTPU_DOWNLINK, (__u64)pdr);
}

/* (..., unsigned int hdrlen, __be32 addr, u32 prefix_len), 0.10.0 and later */
LOOKUP(pdr_find_by_framed_route, PDR_FIND_BY_FRAMED_ROUTE, GTPU_DOWNLINK)
FEXIT(pdr_find_by_framed_route, void *gtp, void *skb, __u32 hdrlen, __u32 addr, __u32 prefix_len,
      void *pdr)
{
	return lookup_exit(PDR_FIND_BY_FRAMED_ROUTE, GTPU_DOWNLINK, (__u64)pdr);
}

/* Color f(TrafficPolicer *, int pktLen) */
FENTRY(policePacket) { return police_entry(); }
KPROBE(policePacket) { return police_entry(); }
FEXIT(policePacket, void *policer, int len, int color) { return police_exit(color); }
KRETPROBE(policePacket, int color) { return police_exit(color); }

/* int f(struct pdr *, struct far *, struct sk_buff *, struct net *, struct usage_report *, u32) */
FENTRY(netlink_send, void *pdr, void *far, struct sk_buff *skb, void *net, void *reports)
{
	return netlink_entry(skb, (__u64)reports);
}

KPROBE(netlink_send, void *pdr, void *far, struct sk_buff *skb, void *net, void *reports)
{
	return netlink_entry(skb, (__u64)reports);
}

/* void f(struct gtp5g_dev *, u64 rxVol, u64 txVol, int pkt_action, uint srcIntf), 0.9.2 and later */
FENTRY(update_usage_statistic, void *gtp, __u64 rx, __u64 tx, int action)
{
	return usage_entry(action);
}

KPROBE(update_usage_statistic, void *gtp, __u64 rx, __u64 tx, int action)
{
	return usage_entry(action);
}

/* int f(struct sk_buff *, struct sock *, struct net_device *) */
FENTRY(ip_xmit, struct sk_buff *skb) { return n9_entry(skb); }
KPROBE(ip_xmit, struct sk_buff *skb) { return n9_entry(skb); }
FEXIT(ip_xmit, void *skb, void *sk, void *dev, int ret) { return n9_exit(ret); }
KRETPROBE(ip_xmit, int ret) { return n9_exit(ret); }

/* int f(struct sk_buff *) */
FENTRY(netif_rx, struct sk_buff *skb) { return n6_entry(skb); }
KPROBE(netif_rx, struct sk_buff *skb) { return n6_entry(skb); }
FEXIT(netif_rx, void *skb, int ret) { return n6_exit(ret); }
KRETPROBE(netif_rx, int ret) { return n6_exit(ret); }

/* int f(struct sk_buff *, struct net_device *, struct gtp5g_pktinfo *) */
FENTRY(gtp5g_handle_skb_ipv4, struct sk_buff *skb, struct net_device *dev, void *info)
{
	return handle_entry(skb);
}

KPROBE(gtp5g_handle_skb_ipv4, struct sk_buff *skb, struct net_device *dev, void *info)
{
	return handle_entry(skb);
}

FEXIT(gtp5g_handle_skb_ipv4, struct sk_buff *skb, struct net_device *dev, void *info, int ret)
{
	return handle_exit(ret);
}

KRETPROBE(gtp5g_handle_skb_ipv4, int ret) { return handle_exit(ret); }

/* void f(struct sk_buff *, struct gtp5g_pktinfo *); it gives the packet away. */
FENTRY(gtp5g_xmit_skb_ipv4, struct sk_buff *skb, void *info)
{
	return xmit_entry(skb);
}

KPROBE(gtp5g_xmit_skb_ipv4, struct sk_buff *skb, void *info)
{
	return xmit_entry(skb);
}

FEXIT(gtp5g_xmit_skb_ipv4) { return plain_exit(GTP5G_XMIT_SKB_IPV4, GTPU_DOWNLINK, 0, 0); }
KRETPROBE(gtp5g_xmit_skb_ipv4) { return plain_exit(GTP5G_XMIT_SKB_IPV4, GTPU_DOWNLINK, 0, 0); }

/* A function that is seen where the compiler left it one. int f(), skb being its second argument: */
#define PLAIN(f, id, direction, arguments)                                                         \
	FENTRY(f, void *first, struct sk_buff *skb) { return plain_entry(id, direction, skb); }    \
	KPROBE(f, void *first, struct sk_buff *skb) { return plain_entry(id, direction, skb); }    \
	PLAIN_EXIT(f, id, direction, arguments)

#define PLAIN_EXIT(f, id, direction, arguments)                                                    \
	FEXIT(f)                                                                                   \
	{                                                                                          \
		return plain_exit(id, direction, returned(ctx, arguments), GTPU_HAS_RETURN);       \
	}                                                                                          \
	KRETPROBE(f, int ret) { return plain_exit(id, direction, ret, GTPU_HAS_RETURN); }

/* (struct gtp5g_dev *, skb) */
PLAIN(gtp1u_udp_encap_recv, GTP1U_UDP_ENCAP_RECV, GTPU_UPLINK, 2)
/* (struct pdr *, skb, unsigned int hdrlen, unsigned int role) */
PLAIN(gtp5g_rx, GTP5G_RX, GTPU_UPLINK, 4)
/* (skb, struct net_device *, struct gtp5g_pktinfo *, struct pdr *, struct far *), 0.8.2 to 0.8.5 and a u64 */
FENTRY(gtp5g_fwd_skb_ipv4, struct sk_buff *skb)
{
	return plain_entry(GTP5G_FWD_SKB_IPV4, GTPU_DOWNLINK, skb);
}

KPROBE(gtp5g_fwd_skb_ipv4, struct sk_buff *skb)
{
	return plain_entry(GTP5G_FWD_SKB_IPV4, GTPU_DOWNLINK, skb);
}

PLAIN_EXIT(gtp5g_fwd_skb_ipv4, GTP5G_FWD_SKB_IPV4, GTPU_DOWNLINK, 5)

/* void f(struct sock *, struct rtable *, struct sk_buff *, __be32 src, __be32 dst, ...) */
FENTRY(iptunnel_xmit, void *sk, void *rt, struct sk_buff *skb, __u32 src, __u32 dst)
{
	return tunnel_entry(skb, src, dst);
}

KPROBE(iptunnel_xmit, void *sk, void *rt, struct sk_buff *skb, __u32 src, __u32 dst)
{
	return tunnel_entry(skb, src, dst);
}

/* void f(struct urr *, struct gtp5g_dev *) */
FENTRY(urr_quota_exhaust_action, void *urr, void *gtp) { return quota_entry(urr, gtp); }
KPROBE(urr_quota_exhaust_action, void *urr, void *gtp) { return quota_entry(urr, gtp); }
FENTRY(urr_reverse_quota_exhaust_action, void *urr, void *gtp)
{
	return quota_reverse_entry(urr, gtp);
}
KPROBE(urr_reverse_quota_exhaust_action, void *urr, void *gtp)
{
	return quota_reverse_entry(urr, gtp);
}
