// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/ip.h>
#include <net/ip.h>
#include <net/udp_tunnel.h>

#include "standin.h"

/* Room for the outer IP and UDP headers, and GTP-U with options and one extension header. */
#define HEADROOM (20 + 8 + 16)
#define PDU_SESSION_CONTAINER 0x85

/* GTP-U with a sequence number and the PDU Session Container of a downlink packet. */
KEPT void gtp5g_push_header(struct sk_buff *skb, struct gtp5g_pktinfo *pktinfo)
{
	u16 length = skb->len + 8;
	u8 *p = skb_push(skb, 16);
	__be16 be;

	spend(spender_gtp5g_push_header);
	p[0] = 0x36;
	p[1] = 255;
	be = htons(length);
	memcpy(p + 2, &be, 2);
	memcpy(p + 4, &pktinfo->hdr_creation->teid, 4);
	be = htons(pktinfo->seq_number);
	memcpy(p + 8, &be, 2);
	p[10] = 0;
	p[11] = PDU_SESSION_CONTAINER;
	p[12] = 1;
	p[13] = pktinfo->pdu_type << 4;
	p[14] = pktinfo->qfi;
	p[15] = 0;
}

KEPT void gtp5g_xmit_skb_ipv4(struct sk_buff *skb, struct gtp5g_pktinfo *pktinfo)
{
	spend(spender_gtp5g_xmit_skb_ipv4);
	udp_tunnel_xmit_skb(pktinfo->rt, pktinfo->sk, skb, pktinfo->fl4.saddr, pktinfo->fl4.daddr, 0, 64, 0,
			    pktinfo->gtph_port, pktinfo->gtph_port, true, true);
}

KEPT int gtp5g_fwd_skb_ipv4(struct sk_buff *skb, struct net_device *dev, struct gtp5g_pktinfo *pktinfo, struct pdr *pdr,
			    struct far *far)
{
	struct forwarding_parameter *fwd_param = rcu_dereference(far->fwd_param);
	struct qer *qer = rcu_dereference(pdr->qer_with_rate);
	struct gtp5g_dev *gtp = netdev_priv(dev);
	Color color = Green;

	if (!fwd_param || !fwd_param->hdr_creation)
		return -EBADMSG;
	pktinfo->hdr_creation = fwd_param->hdr_creation;
	pktinfo->rt = outer_route(dev_net(dev), &pktinfo->fl4, pktinfo->hdr_creation->peer_addr_ipv4.s_addr);
	if (IS_ERR(pktinfo->rt))
		return -EBADMSG;
	pktinfo->sk = gtp->sk1u;
	pktinfo->iph = ip_hdr(skb);
	pktinfo->qfi = pdr->qfi;
	pktinfo->pdu_type = 0;
	pktinfo->seq_number = far->seq_number++;
	pktinfo->dev = dev;
	pktinfo->gtph_port = (__force __be16)pktinfo->hdr_creation->port;
	if (qer)
		color = policePacket(qer->dl_policer, ip4_rm_header(skb, 0));
	gtp5g_push_header(skb, pktinfo);
	rules_forwarded(pdr, gtp);
	if (color != Red)
		return PKT_FORWARDED;
	ip_rt_put(pktinfo->rt);
	return PKT_DROPPED;
}

KEPT int gtp5g_handle_skb_ipv4(struct sk_buff *skb, struct net_device *dev, struct gtp5g_pktinfo *pktinfo)
{
	struct pdr *pdr;
	struct far *far;

	spend(spender_gtp5g_handle_skb_ipv4);
	pdr = pdr_find_by_ipv4(netdev_priv(dev), skb, 0, ip_hdr(skb)->daddr);
	far = pdr ? rcu_dereference(pdr->far) : NULL;
	if (!far)
		return -ENOENT;
	switch (far->action & FAR_ACTION_MASK) {
	case FAR_FORW:
		if (pdr->ul_dl_gate & GATE_DL_CLOSED)
			return PKT_DROPPED;
		return gtp5g_fwd_skb_ipv4(skb, dev, pktinfo, pdr, far);
	case FAR_DROP:
		return PKT_DROPPED;
	case FAR_BUFF:
		netlink_send(pdr, far, skb, dev_net(dev), NULL, 0);
		consume_skb(skb);
		return PKT_TO_APP;
	default:
		return -ENOENT;
	}
}

static int transmit(struct sk_buff *skb, struct net_device *dev)
{
	struct gtp5g_pktinfo pktinfo;
	u64 length = skb->len;
	int verdict;

	if (skb_cow_head(skb, HEADROOM + LL_MAX_HEADER) || skb->protocol != htons(ETH_P_IP))
		return -EOPNOTSUPP;
	skb_reset_inner_headers(skb);
	rcu_read_lock();
	verdict = gtp5g_handle_skb_ipv4(skb, dev, &pktinfo);
	update_usage_statistic(netdev_priv(dev), length, verdict == PKT_FORWARDED ? length : 0, verdict, CORE);
	if (verdict == PKT_FORWARDED)
		gtp5g_xmit_skb_ipv4(skb, &pktinfo);
	rcu_read_unlock();
	return verdict;
}

KEPT netdev_tx_t gtp5g_dev_xmit(struct sk_buff *skb, struct net_device *dev)
{
	spend(spender_gtp5g_dev_xmit);
	if (transmit(skb, dev) < 0) {
		dev->stats.tx_errors++;
		dev_kfree_skb(skb);
	}
	return NETDEV_TX_OK;
}
