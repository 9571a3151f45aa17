// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/ip.h>
#include <net/ip.h>

#include "standin.h"

KEPT struct pdr *pdr_find_by_gtp1u(struct gtp5g_dev *gtp, struct sk_buff *skb, unsigned int hdrlen, u32 teid, u8 type)
{
	spend(spender_pdr_find_by_gtp1u);
	if (skb->protocol != htons(ETH_P_IP))
		return NULL;
	if (type == 255 && !pskb_may_pull(skb, hdrlen + sizeof(struct iphdr)))
		return NULL;
	return rules_uplink(teid);
}

KEPT struct pdr *pdr_find_by_ipv4(struct gtp5g_dev *gtp, struct sk_buff *skb, unsigned int hdrlen, __be32 addr)
{
	spend(spender_pdr_find_by_ipv4);
	return rules_downlink(addr);
}

KEPT Color policePacket(TrafficPolicer *p, int pktLen)
{
	spend(spender_policePacket);
	return p->scripted;
}

/* Bytes of the inner packet after its UDP header. */
KEPT u64 ip4_rm_header(struct sk_buff *skb, unsigned int hdrlen)
{
	const struct iphdr *iph = (const void *)(skb->data + hdrlen);
	u32 headers = iph->ihl * 4 + 8, length = ntohs(iph->tot_len);

	spend(spender_ip4_rm_header);
	return length > headers ? length - headers : 0;
}

KEPT void update_usage_statistic(struct gtp5g_dev *gtp, u64 rxVol, u64 txVol, int pkt_action, uint srcIntf)
{
	spend(spender_update_usage_statistic);
}

/* The packet goes to nobody: there is no family of that name. */
KEPT int netlink_send(struct pdr *pdr, struct far *far, struct sk_buff *skb_in, struct net *net,
		      struct usage_report *reports, u32 report_num)
{
	spend(spender_netlink_send);
	return 0;
}

struct rtable *outer_route(struct net *net, struct flowi4 *fl4, __be32 daddr)
{
	memset(fl4, 0, sizeof(*fl4));
	fl4->daddr = daddr;
	fl4->flowi4_proto = IPPROTO_UDP;
	return ip_route_output_key(net, fl4);
}

/* skb->data is at the outer IP header, whose destination is the next UPF's. */
KEPT int ip_xmit(struct sk_buff *skb, struct sock *sk, struct net_device *gtp_dev)
{
	struct iphdr *iph = ip_hdr(skb);
	struct flowi4 fl4;
	struct rtable *rt;

	spend(spender_ip_xmit);
	rt = outer_route(dev_net(gtp_dev), &fl4, iph->daddr);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	iph->saddr = fl4.saddr;
	skb_dst_drop(skb);
	skb_dst_set(skb, &rt->dst);
	skb->ip_summed = CHECKSUM_NONE;
	ip_local_out(dev_net(gtp_dev), sk, skb);
	return 0;
}
