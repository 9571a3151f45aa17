/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs: which body runs at which function's entry and return. Part of gtpu.bpf.c.
 *
 *	AT_ENTRY(f, body, arguments)	makes fentry_<f> and kprobe_<f>. arguments: those of f that the body needs.
 *	AT_RETURN(f, place, body)	makes fexit_<f> and kretprobe_<f>; body may use ret. place: where an fexit
 *					program finds what f returned, ctx[n] for a function of n arguments.
 *	AT_END(f, body)			the same of a function that returns nothing.
 *
 * The loader takes one pair of a function, fentry and fexit or kprobe and kretprobe, and leaves the other
 * (gtpu_plan.c). A body is a function of gtpu.bpf.c, gtpu_calls.h or gtpu_genl.h. */
#pragma once

#include <linux/ptrace.h>

#include "kernel.h"

#define AT_ENTRY(f, body, ...)                                                                                         \
	SEC("fentry") int BPF_PROG(fentry_##f, ##__VA_ARGS__)                                                          \
	{                                                                                                              \
		return body;                                                                                           \
	}                                                                                                              \
	SEC("kprobe") int BPF_KPROBE(kprobe_##f, ##__VA_ARGS__)                                                        \
	{                                                                                                              \
		return body;                                                                                           \
	}

#define AT_RETURN(f, place, body)                                                                                      \
	SEC("fexit") int BPF_PROG(fexit_##f)                                                                           \
	{                                                                                                              \
		__u64 ret = place;                                                                                     \
                                                                                                                       \
		return body;                                                                                           \
	}                                                                                                              \
	SEC("kretprobe") int BPF_KRETPROBE(kretprobe_##f, __u64 ret)                                                   \
	{                                                                                                              \
		return body;                                                                                           \
	}

#define AT_END(f, body)                                                                                                \
	SEC("fexit") int BPF_PROG(fexit_##f)                                                                           \
	{                                                                                                              \
		return body;                                                                                           \
	}                                                                                                              \
	SEC("kretprobe") int BPF_KRETPROBE(kretprobe_##f)                                                              \
	{                                                                                                              \
		return body;                                                                                           \
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

/* The packet functions. int f(struct sock *, struct sk_buff *) */
AT_ENTRY(gtp_encap_recv, receive_entry(GTP_ENCAP_RECV, skb), struct sock *sk, struct sk_buff *skb)
AT_RETURN(gtp_encap_recv, ctx[2], packet_exit(GTP_ENCAP_RECV, GTPU_UPLINK, ret))
AT_ENTRY(gtp5g_encap_recv, receive_entry(GTP5G_ENCAP_RECV, skb), struct sock *sk, struct sk_buff *skb)
AT_RETURN(gtp5g_encap_recv, ctx[2], packet_exit(GTP5G_ENCAP_RECV, GTPU_UPLINK, ret))
/* netdev_tx_t f(struct sk_buff *, struct net_device *) */
AT_ENTRY(gtp_dev_xmit, transmit_entry(GTP_DEV_XMIT, skb, dev), struct sk_buff *skb, struct net_device *dev)
AT_RETURN(gtp_dev_xmit, ctx[2], packet_exit(GTP_DEV_XMIT, GTPU_DOWNLINK, ret))
AT_ENTRY(gtp5g_dev_xmit, transmit_entry(GTP5G_DEV_XMIT, skb, dev), struct sk_buff *skb, struct net_device *dev)
AT_RETURN(gtp5g_dev_xmit, ctx[2], packet_exit(GTP5G_DEV_XMIT, GTPU_DOWNLINK, ret))

/* void f(struct sk_buff *, struct <module>_pktinfo *) */
AT_ENTRY(gtp_push_header, push_entry(GTP_PUSH_HEADER, skb, info), struct sk_buff *skb, void *info)
AT_END(gtp_push_header, push_exit(GTP_PUSH_HEADER, 0, 0, false))
AT_ENTRY(gtp5g_push_header, push_entry(GTP5G_PUSH_HEADER, skb, info), struct sk_buff *skb, void *info)
AT_END(gtp5g_push_header, push_exit(GTP5G_PUSH_HEADER, 0, 0, true))
/* Up to 6.7: int f(struct sk_buff *, struct net_device *, struct gtp_pktinfo *) */
AT_ENTRY(gtp_build_skb_ip4, build_entry(skb, info), struct sk_buff *skb, struct net_device *dev, void *info)
AT_RETURN(gtp_build_skb_ip4, ctx[3], push_exit(GTP_BUILD_SKB_IP4, ret, GTPU_HAS_RETURN, false))
/* int f(struct pdp_ctx *, struct sk_buff *, unsigned int hdrlen, unsigned int role), and since 6.12
 * one argument more. */
AT_ENTRY(gtp_rx, rx_entry(skb), void *pctx, struct sk_buff *skb)
AT_RETURN(gtp_rx, returned(ctx, 4), rx_exit(ret))

/* struct pdr *f(struct gtp5g_dev *, struct sk_buff *, unsigned int hdrlen, u32 teid, u8 type) */
AT_ENTRY(pdr_find_by_gtp1u, lookup_gtp1u(gtp, skb, hdrlen), void *gtp, struct sk_buff *skb, __u32 hdrlen)
AT_RETURN(pdr_find_by_gtp1u, ctx[5], lookup_exit(PDR_FIND_BY_GTP1U, GTPU_UPLINK, ret))
/* (..., unsigned int hdrlen, __be32 addr) */
AT_ENTRY(pdr_find_by_ipv4, lookup_entry(PDR_FIND_BY_IPV4, GTPU_DOWNLINK, gtp, skb), void *gtp, struct sk_buff *skb)
AT_RETURN(pdr_find_by_ipv4, ctx[4], lookup_exit(PDR_FIND_BY_IPV4, GTPU_DOWNLINK, ret))
/* (..., unsigned int hdrlen, __be32 addr, u32 prefix_len), 0.10.0 and later */
AT_ENTRY(pdr_find_by_framed_route, lookup_entry(PDR_FIND_BY_FRAMED_ROUTE, GTPU_DOWNLINK, gtp, skb), void *gtp,
	 struct sk_buff *skb)
AT_RETURN(pdr_find_by_framed_route, ctx[5], lookup_exit(PDR_FIND_BY_FRAMED_ROUTE, GTPU_DOWNLINK, ret))

/* Color f(TrafficPolicer *, int pktLen) */
AT_ENTRY(policePacket, police_entry())
AT_RETURN(policePacket, ctx[2], police_exit(ret))
/* int f(struct pdr *, struct far *, struct sk_buff *, struct net *, struct usage_report *, u32) */
AT_ENTRY(netlink_send, netlink_entry(skb, (__u64)reports), void *pdr, void *far, struct sk_buff *skb, void *net,
	 void *reports)
/* void f(struct gtp5g_dev *, u64 rxVol, u64 txVol, int pkt_action, uint srcIntf), 0.9.2 and later */
AT_ENTRY(update_usage_statistic, usage_entry(action), void *gtp, __u64 rx, __u64 tx, int action)
/* int f(struct sk_buff *, struct sock *, struct net_device *) */
AT_ENTRY(ip_xmit, n9_entry(skb), struct sk_buff *skb)
AT_RETURN(ip_xmit, ctx[3], n9_exit(ret))
/* int f(struct sk_buff *) */
AT_ENTRY(netif_rx, n6_entry(skb), struct sk_buff *skb)
AT_RETURN(netif_rx, ctx[1], n6_exit(ret))
/* int f(struct sk_buff *, struct net_device *, struct gtp5g_pktinfo *) */
AT_ENTRY(gtp5g_handle_skb_ipv4, handle_entry(skb), struct sk_buff *skb, struct net_device *dev, void *info)
AT_RETURN(gtp5g_handle_skb_ipv4, ctx[3], handle_exit(ret))
/* void f(struct sk_buff *, struct gtp5g_pktinfo *); it gives the packet away. */
AT_ENTRY(gtp5g_xmit_skb_ipv4, xmit_entry(skb), struct sk_buff *skb, void *info)
AT_END(gtp5g_xmit_skb_ipv4, plain_exit(GTP5G_XMIT_SKB_IPV4, GTPU_DOWNLINK, 0, 0))

/* Functions that are seen where the compiler left them one. int f(struct gtp5g_dev *, struct sk_buff *) */
AT_ENTRY(gtp1u_udp_encap_recv, plain_entry(GTP1U_UDP_ENCAP_RECV, GTPU_UPLINK, skb), void *gtp, struct sk_buff *skb)
AT_RETURN(gtp1u_udp_encap_recv, returned(ctx, 2), plain_exit(GTP1U_UDP_ENCAP_RECV, GTPU_UPLINK, ret, GTPU_HAS_RETURN))
/* int f(struct pdr *, struct sk_buff *, unsigned int hdrlen, unsigned int role) */
AT_ENTRY(gtp5g_rx, plain_entry(GTP5G_RX, GTPU_UPLINK, skb), void *pdr, struct sk_buff *skb)
AT_RETURN(gtp5g_rx, returned(ctx, 4), plain_exit(GTP5G_RX, GTPU_UPLINK, ret, GTPU_HAS_RETURN))
/* int f(struct sk_buff *, struct net_device *, struct gtp5g_pktinfo *, struct pdr *, struct far *), 0.8.2 to 0.8.5
 * and a u64 */
AT_ENTRY(gtp5g_fwd_skb_ipv4, plain_entry(GTP5G_FWD_SKB_IPV4, GTPU_DOWNLINK, skb), struct sk_buff *skb)
AT_RETURN(gtp5g_fwd_skb_ipv4, returned(ctx, 5), plain_exit(GTP5G_FWD_SKB_IPV4, GTPU_DOWNLINK, ret, GTPU_HAS_RETURN))

/* void f(struct sock *, struct rtable *, struct sk_buff *, __be32 src, __be32 dst, ...) */
AT_ENTRY(iptunnel_xmit, tunnel_entry(skb, src, dst), void *sk, void *rt, struct sk_buff *skb, __u32 src, __u32 dst)
/* void f(struct urr *, struct gtp5g_dev *) */
AT_ENTRY(urr_quota_exhaust_action, quota_entry(urr, gtp), void *urr, void *gtp)
AT_ENTRY(urr_reverse_quota_exhaust_action, quota_reverse_entry(urr, gtp), void *urr, void *gtp)

/* Requests for rules. int f(struct sk_buff *, struct genl_info *) */
#define RULE(f, id, seid_attr, id_size)                                                                                \
	AT_ENTRY(f, rule_entry(id, skb, info, seid_attr, id_size), struct sk_buff *skb, struct genl_info *info)

RULE(gtp5g_genl_add_pdr, GTP5G_GENL_ADD_PDR, SEID_OF_PDR, 2)
RULE(gtp5g_genl_add_far, GTP5G_GENL_ADD_FAR, SEID_OF_FAR, 4)
RULE(gtp5g_genl_add_qer, GTP5G_GENL_ADD_QER, SEID_OF_QER, 4)
RULE(gtp5g_genl_add_urr, GTP5G_GENL_ADD_URR, SEID_OF_URR, 4)
RULE(gtp5g_genl_add_bar, GTP5G_GENL_ADD_BAR, SEID_OF_BAR, 1)
RULE(gtp5g_genl_del_pdr, GTP5G_GENL_DEL_PDR, SEID_OF_PDR, 2)
RULE(gtp5g_genl_del_far, GTP5G_GENL_DEL_FAR, SEID_OF_FAR, 4)
RULE(gtp5g_genl_del_qer, GTP5G_GENL_DEL_QER, SEID_OF_QER, 4)
RULE(gtp5g_genl_del_urr, GTP5G_GENL_DEL_URR, SEID_OF_URR, 4)
RULE(gtp5g_genl_del_bar, GTP5G_GENL_DEL_BAR, SEID_OF_BAR, 1)

/* void f(struct sk_buff *, struct net_device *, struct gtp5g_emark_pktinfo *) */
AT_ENTRY(gtp5g_fwd_emark_skb_ipv4, end_marker_entry(dev, info), struct sk_buff *skb, struct net_device *dev, void *info)
