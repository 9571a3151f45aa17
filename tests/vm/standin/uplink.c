// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/udp_tunnel.h>

#include "standin.h"

#define GTP_AT sizeof(struct udphdr)
#define GTP_OPTIONS 0x07
#define GTP_EXTENSION 0x04

enum { ECHO_REQUEST = 1, ECHO_RESPONSE = 2, END_MARKER = 254, T_PDU = 255 };

static void send_echo_response(struct gtp5g_dev *gtp, struct sk_buff *request, u16 seq)
{
	static const u8 head[] = {0x32, ECHO_RESPONSE, 0, 6};
	struct sk_buff *skb = alloc_skb(LL_MAX_HEADER + 64, GFP_ATOMIC);
	struct flowi4 fl4;
	struct rtable *rt;
	u8 *p;

	if (!skb)
		return;
	rt = outer_route(dev_net(gtp->dev), &fl4, ip_hdr(request)->saddr);
	if (IS_ERR(rt)) {
		kfree_skb(skb);
		return;
	}
	skb_reserve(skb, LL_MAX_HEADER + 36);
	p = skb_put_zero(skb, 14);
	memcpy(p, head, sizeof(head));
	memcpy(p + 8, &seq, sizeof(seq));
	p[12] = 14; /* Recovery, restart counter 0 */
	udp_tunnel_xmit_skb(rt, gtp->sk1u, skb, fl4.saddr, fl4.daddr, 0, 64, 0, htons(GTPU_UDP_PORT),
			    udp_hdr(request)->source, false, true);
}

static int echo(struct gtp5g_dev *gtp, struct sk_buff *skb)
{
	u16 seq = 0;

	if (skb->len >= GTP_AT + 12)
		skb_copy_bits(skb, GTP_AT + 8, &seq, sizeof(seq));
	send_echo_response(gtp, skb, seq);
	consume_skb(skb);
	return PKT_FORWARDED;
}

/* Length of all headers before the inner packet, or -1. */
static int header_length(struct sk_buff *skb, u8 flags)
{
	int at = GTP_AT + sizeof(struct gtpv1_hdr);
	u8 next;

	if (!(flags & GTP_OPTIONS))
		return at;
	at += 4;
	if (!pskb_may_pull(skb, at))
		return -1;
	next = flags & GTP_EXTENSION ? skb->data[at - 1] : 0;
	while (next) {
		int length;

		if (!pskb_may_pull(skb, at + 1) || !skb->data[at])
			return -1;
		length = skb->data[at] * 4;
		if (!pskb_may_pull(skb, at + length))
			return -1;
		at += length;
		next = skb->data[at - 1];
	}
	return at;
}

static int forward_n9(struct gtp5g_dev *gtp, struct sk_buff *skb, const struct outer_header_creation *to)
{
	struct gtpv1_hdr *header = (void *)(skb->data + GTP_AT);

	header->tid = (__force __be32)to->teid;
	udp_hdr(skb)->source = udp_hdr(skb)->dest = (__force __be16)to->port;
	udp_hdr(skb)->check = 0;
	skb_push(skb, skb->data - skb_network_header(skb));
	ip_hdr(skb)->daddr = to->peer_addr_ipv4.s_addr;
	return ip_xmit(skb, gtp->sk1u, gtp->dev) < 0 ? PKT_DROPPED : PKT_FORWARDED;
}

static void decapsulate(struct gtp5g_dev *gtp, struct sk_buff *skb, unsigned int hdrlen)
{
	skb_pull_rcsum(skb, hdrlen);
	skb_reset_network_header(skb);
	skb_scrub_packet(skb, false);
	skb->dev = gtp->dev;
	dev_sw_netstats_rx_add(gtp->dev, skb->len);
}

#ifdef STANDIN_TELLS_NO_REFUSAL
static const int refused = PKT_FORWARDED; /* as gtp5g before 0.9.11 has it */
#else
static const int refused = PKT_DROPPED_AND_FREED;
#endif

static int forward(struct gtp5g_dev *gtp, struct sk_buff *skb, unsigned int hdrlen, struct pdr *pdr, struct far *far)
{
	struct forwarding_parameter *fwd_param = rcu_dereference(far->fwd_param);
	struct qer *qer = rcu_dereference(pdr->qer_with_rate);
	u64 volume;

	if (pdr->ul_dl_gate & GATE_UL_CLOSED)
		return PKT_DROPPED;
	volume = ip4_rm_header(skb, hdrlen);
	if (qer && policePacket(qer->ul_policer, volume) == Red)
		return PKT_DROPPED;
	if (fwd_param && fwd_param->hdr_creation)
		return forward_n9(gtp, skb, fwd_param->hdr_creation);
	rules_forwarded(pdr, gtp);
	decapsulate(gtp, skb, hdrlen);
	if (rules_backlog_full(pdr))
		skb->dev = device_down();
	return netif_rx(skb) == NET_RX_SUCCESS ? PKT_FORWARDED : refused;
}

static int buffer(struct gtp5g_dev *gtp, struct sk_buff *skb, unsigned int hdrlen, struct pdr *pdr, struct far *far)
{
	decapsulate(gtp, skb, hdrlen);
	netlink_send(pdr, far, skb, dev_net(gtp->dev), NULL, 0);
	consume_skb(skb);
	return PKT_FORWARDED;
}

KEPT int gtp5g_rx(struct pdr *pdr, struct sk_buff *skb, unsigned int hdrlen, unsigned int role)
{
	const struct gtpv1_hdr *header = (const void *)(skb->data + GTP_AT);
	struct far *far = rcu_dereference(pdr->far);
	struct gtp5g_dev *gtp = netdev_priv(pdr->dev);

	if (!pdr->outer_header_removal || !far || header->type == END_MARKER)
		return PKT_DROPPED;
	switch (far->action & FAR_ACTION_MASK) {
	case FAR_FORW:
		return forward(gtp, skb, hdrlen, pdr, far);
	case FAR_BUFF:
		return buffer(gtp, skb, hdrlen, pdr, far);
	default:
		return PKT_DROPPED;
	}
}

static int receive(struct gtp5g_dev *gtp, struct sk_buff *skb, struct pdr **pdr)
{
	const struct gtpv1_hdr *header;
	int hdrlen;
	u8 type;

	if (!pskb_may_pull(skb, GTP_AT + sizeof(*header)))
		return PKT_DROPPED;
	header = (const void *)(skb->data + GTP_AT);
	type = header->type;
	if (header->flags >> 5 != 1)
		return PKT_TO_APP;
	if (type == ECHO_REQUEST)
		return echo(gtp, skb);
	if (type != END_MARKER && type != T_PDU)
		return PKT_TO_APP;
	hdrlen = header_length(skb, header->flags);
	if (hdrlen < 0)
		return PKT_DROPPED;
	header = (const void *)(skb->data + GTP_AT);
	*pdr = pdr_find_by_gtp1u(gtp, skb, hdrlen, (__force u32)header->tid, type);
	return *pdr ? gtp5g_rx(*pdr, skb, hdrlen, 0) : PKT_DROPPED;
}

KEPT int gtp1u_udp_encap_recv(struct gtp5g_dev *gtp, struct sk_buff *skb)
{
	u64 received = skb->len - sizeof(struct udphdr);
	struct pdr *pdr = NULL;
	int verdict = receive(gtp, skb, &pdr);

	update_usage_statistic(gtp, received, verdict == PKT_FORWARDED ? received : 0, verdict,
			       pdr ? pdr->pdi->srcIntf : ACCESS);
	return verdict;
}

KEPT int gtp5g_encap_recv(struct sock *sk, struct sk_buff *skb)
{
	struct gtp5g_dev *gtp = rcu_dereference_sk_user_data(sk);
	int verdict;

	spend(spender_gtp5g_encap_recv);
	if (!gtp)
		return 1;
	verdict = gtp1u_udp_encap_recv(gtp, skb);
	if (verdict == PKT_DROPPED)
		kfree_skb(skb);
	return verdict == PKT_TO_APP;
}
