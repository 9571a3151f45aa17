/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a packet becomes an event. Filters choose events alone: they change no count. */
#pragma once

#include "flow_filter.h"
#include "packet.h"

const volatile struct flow_filter filter = {};

static __always_inline bool filter_within(const __u8 address[16])
{
	const __u64 *a = (const __u64 *)address;

	return (a[0] & filter.mask[0]) == filter.address[0] && (a[1] & filter.mask[1]) == filter.address[1];
}

static __always_inline bool filter_is_ue(const __u8 address[16])
{
	const __u64 *a = (const __u64 *)address;

	return a[0] == filter.ue[0] && a[1] == filter.ue[1];
}

static __always_inline bool filter_address(const struct record_tuple *t)
{
	return t->family && (filter_within(t->src) || filter_within(t->dst));
}

/* ICMP has its type and code there. */
static __always_inline bool filter_port(const struct record_tuple *t)
{
	return t->ports && t->proto != PACKET_ICMP && t->proto != PACKET_ICMPV6 &&
	       (t->sport == filter.port || t->dport == filter.port);
}

static __always_inline bool filter_proto(const struct record_tuple *t)
{
	return t->family && t->proto == filter.proto;
}

static __always_inline bool filter_gtp(const struct record_gtp *g)
{
	if (filter.by & FLOW_BY_TEID && (!(g->flags & RECORD_GTP) || g->teid != filter.teid))
		return false;
	if (filter.by & FLOW_BY_QFI && (!(g->flags & RECORD_GTP_QFI) || g->qfi != filter.qfi))
		return false;
	return !(filter.by & FLOW_BY_DIRECTION) || (g->flags & RECORD_GTP_QFI && g->pdu_type == filter.pdu_type);
}

static __always_inline bool filter_passes(const struct packet *p, __u8 egress)
{
	if (!filter.by)
		return true;
	if (filter.by & FLOW_BY_DIR && egress != filter.egress)
		return false;
	if (!filter_gtp(&p->gtp))
		return false;
	if (filter.by & FLOW_BY_ADDRESS && !filter_address(&p->outer) && !filter_address(&p->inner))
		return false;
	if (filter.by & FLOW_BY_UE &&
	    (!p->inner.family || (!filter_is_ue(p->inner.src) && !filter_is_ue(p->inner.dst))))
		return false;
	if (filter.by & FLOW_BY_PORT && !filter_port(&p->outer) && !filter_port(&p->inner))
		return false;
	return !(filter.by & FLOW_BY_PROTO) || filter_proto(&p->outer) || filter_proto(&p->inner);
}
