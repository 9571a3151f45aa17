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
	FENTRY(f, struct sk_buff *skb, void *info)                                                 \
	{                                                                                          \
		call_entry(id, GTPU_DOWNLINK, skb, info, true);                                    \
		return 0;                                                                          \
	}                                                                                          \
	KPROBE(f, struct sk_buff *skb, void *info)                                                 \
	{                                                                                          \
		call_entry(id, GTPU_DOWNLINK, skb, info, true);                                    \
		return 0;                                                                          \
	}                                                                                          \
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
	call_entry(GTP_BUILD_SKB_IP4, GTPU_DOWNLINK, skb, info, true);
	return 0;
}

KPROBE(gtp_build_skb_ip4, struct sk_buff *skb, struct net_device *dev, void *info)
{
	call_entry(GTP_BUILD_SKB_IP4, GTPU_DOWNLINK, skb, info, true);
	return 0;
}

FEXIT(gtp_build_skb_ip4, struct sk_buff *skb, struct net_device *dev, void *info, int ret)
{
	return push_exit(GTP_BUILD_SKB_IP4, ret, GTPU_HAS_RETURN, false);
}

KRETPROBE(gtp_build_skb_ip4, int ret)
{
	return push_exit(GTP_BUILD_SKB_IP4, ret, GTPU_HAS_RETURN, false);
}

/* int f(struct pdp_ctx *, struct sk_buff *, unsigned int hdrlen, unsigned int role), and since 6.12
 * one argument more: bpf_get_func_ret() knows where the return value is. */
FENTRY(gtp_rx, void *pctx, struct sk_buff *skb) { return pulled_entry(GTP_RX, skb); }
KPROBE(gtp_rx, void *pctx, struct sk_buff *skb) { return pulled_entry(GTP_RX, skb); }
FEXIT(gtp_rx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	return plain_exit(GTP_RX, GTPU_UPLINK, (__s32)ret, GTPU_HAS_RETURN);
}
KRETPROBE(gtp_rx, int ret) { return plain_exit(GTP_RX, GTPU_UPLINK, ret, GTPU_HAS_RETURN); }

/* struct pdr *f(struct gtp5g_dev *, struct sk_buff *, unsigned int hdrlen, u32 teid, u8 type) */
FENTRY(pdr_find_by_gtp1u, void *gtp, struct sk_buff *skb)
{
	return pulled_entry(PDR_FIND_BY_GTP1U, skb);
}

KPROBE(pdr_find_by_gtp1u, void *gtp, struct sk_buff *skb)
{
	return pulled_entry(PDR_FIND_BY_GTP1U, skb);
}

FEXIT(pdr_find_by_gtp1u) { return plain_exit(PDR_FIND_BY_GTP1U, GTPU_UPLINK, 0, 0); }
KRETPROBE(pdr_find_by_gtp1u) { return plain_exit(PDR_FIND_BY_GTP1U, GTPU_UPLINK, 0, 0); }

/* int f(struct sk_buff *, struct net_device *, struct gtp5g_pktinfo *) */
FENTRY(gtp5g_handle_skb_ipv4, struct sk_buff *skb, struct net_device *dev, void *info)
{
	call_entry(GTP5G_HANDLE_SKB_IPV4, GTPU_DOWNLINK, skb, info, true);
	return 0;
}

KPROBE(gtp5g_handle_skb_ipv4, struct sk_buff *skb, struct net_device *dev, void *info)
{
	call_entry(GTP5G_HANDLE_SKB_IPV4, GTPU_DOWNLINK, skb, info, true);
	return 0;
}

FEXIT(gtp5g_handle_skb_ipv4, struct sk_buff *skb, struct net_device *dev, void *info, int ret)
{
	return plain_exit(GTP5G_HANDLE_SKB_IPV4, GTPU_DOWNLINK, ret, GTPU_HAS_RETURN);
}

KRETPROBE(gtp5g_handle_skb_ipv4, int ret)
{
	return plain_exit(GTP5G_HANDLE_SKB_IPV4, GTPU_DOWNLINK, ret, GTPU_HAS_RETURN);
}

/* void f(struct sk_buff *, struct gtp5g_pktinfo *); it gives the packet away. */
FENTRY(gtp5g_xmit_skb_ipv4, struct sk_buff *skb, void *info)
{
	call_entry(GTP5G_XMIT_SKB_IPV4, GTPU_DOWNLINK, skb, info, each_function);
	return 0;
}

KPROBE(gtp5g_xmit_skb_ipv4, struct sk_buff *skb, void *info)
{
	call_entry(GTP5G_XMIT_SKB_IPV4, GTPU_DOWNLINK, skb, info, each_function);
	return 0;
}

FEXIT(gtp5g_xmit_skb_ipv4) { return plain_exit(GTP5G_XMIT_SKB_IPV4, GTPU_DOWNLINK, 0, 0); }
KRETPROBE(gtp5g_xmit_skb_ipv4) { return plain_exit(GTP5G_XMIT_SKB_IPV4, GTPU_DOWNLINK, 0, 0); }

/* void f(struct sock *, struct rtable *, struct sk_buff *, __be32 src, __be32 dst, ...) */
FENTRY(iptunnel_xmit, void *sk, void *rt, struct sk_buff *skb, __u32 src, __u32 dst)
{
	return tunnel_entry(skb, src, dst);
}

KPROBE(iptunnel_xmit, void *sk, void *rt, struct sk_buff *skb, __u32 src, __u32 dst)
{
	return tunnel_entry(skb, src, dst);
}
