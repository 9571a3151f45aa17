/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Under what a packet is accounted: every packet under exactly one head. */
#pragma once

enum packet_head {
	/* Counted under the outer addresses. */
	HEAD_IP = 0,
	HEAD_FRAGMENT,	   /* not the first of its datagram: no ports */
	HEAD_L4_SHORT,	   /* transport header cut: no ports */
	HEAD_IPV6_CHAIN,   /* extension headers cut, or more than PACKET_IPV6_EXT_MAX */
	HEAD_OVERLAY,	   /* VXLAN or Geneve: what it carries is no IP packet, its header is cut, or it is a bundle */
	HEAD_GTPU_MESSAGE, /* any GTP-U message but the G-PDU */
	HEAD_GTPU_SHORT,   /* GTP-U: fewer than 8 bytes */
	HEAD_GTPU_VERSION, /* GTP-U: version is not 1, or the protocol type says GTP' */
	HEAD_GTPU_LENGTH,  /* GTP-U: length beyond the datagram, or below the flags' need */
	HEAD_GTPU_EXTENSION, /* GTP-U: extension header cut, of length 0, or a chain without end */
	HEAD_GTPU_INNER,     /* G-PDU: the inner packet is no whole IPv4 or IPv6 header */
	/* Several GTP-U datagrams in one skb (UDP GSO, GRO): each is counted as a packet, under a head of its own. */
	HEAD_GTPU_BUNDLE,
	/* Counted under the inner addresses. */
	HEAD_GTPU,
	/* Skipped. */
	HEAD_NOT_IP,
	HEAD_MPLS,	 /* labels, and what is behind them is not looked for */
	HEAD_PPPOE,	 /* a PPPoE session's packet, as well */
	HEAD_VLAN_DEPTH, /* more than PACKET_VLAN_MAX tags */
	HEAD_SHORT,	 /* link-layer header cut */
	HEAD_IP_SHORT,	 /* IP header cut */
	HEAD_IP_BAD,	 /* version is neither 4 nor 6, or an impossible header length */
	HEAD_MAX,
};

#define HEAD_SKIPPED HEAD_NOT_IP /* this one and those behind it */
