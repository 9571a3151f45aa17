/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests that change gtp5g's rules, seen as they are made. The module answers them under a lock, so a process that
 * asks for the rule after this record gets it as it is after the change. Entries alone: the
 * functions sleep. Part of gtpu.bpf.c. */
#pragma once

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "gtpu_events.h"
#include "gtpu_tally.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct genl_info {
	const struct nlmsghdr *nlhdr;
	struct nlattr **attrs;
};

#pragma clang attribute pop

/* gtp5g include/genl.h, genl_pdr.h and the others beside it. */
enum { ATTR_LINK = 1, ATTR_NET_NS_FD = 2, ATTR_ID = 3 };
enum { SEID_OF_BAR = 6, SEID_OF_FAR = 7, SEID_OF_URR = 8, SEID_OF_PDR = 11, SEID_OF_QER = 13 };

#define ATTRS_AT (NLMSG_HDRLEN + GENL_HDRLEN)

/* size bytes of an attribute's value, which need not be aligned; -1 when there are not that many. */
static __always_inline int attr_read(const struct genl_info *info, __u32 type, void *to, __u32 size)
{
	struct nlattr **attrs = BPF_CORE_READ(info, attrs), *attr = NULL;
	__u16 len = 0;

	if (bpf_probe_read_kernel(&attr, sizeof(attr), attrs + type) || !attr ||
	    bpf_probe_read_kernel(&len, sizeof(len), &attr->nla_len) || len < NLA_HDRLEN + size)
		return -1;
	return bpf_probe_read_kernel(to, size, (const void *)attr + NLA_HDRLEN);
}

/* The number of a PDR has two bytes, that of a BAR one. */
static __always_inline void take_id(struct gtpu_rule_record *r, const struct genl_info *info, __u32 size)
{
	__u32 id = 0;

	if (attr_read(info, ATTR_ID, &id, size))
		return;
	r->id = id;
	r->has |= GTPU_RULE_HAS_ID;
}

static __always_inline void take_request(struct gtpu_rule_record *r, const struct genl_info *info)
{
	const void *message = BPF_CORE_READ(info, nlhdr);
	__u32 len = 0;

	bpf_probe_read_kernel(&len, sizeof(len), message + offsetof(struct nlmsghdr, nlmsg_len));
	bpf_probe_read_kernel(&r->nlmsg_flags, sizeof(r->nlmsg_flags),
			      message + offsetof(struct nlmsghdr, nlmsg_flags));
	if (len <= ATTRS_AT)
		return;
	len -= ATTRS_AT;
	r->attrs_len = len;
	if (len > GTPU_RULE_ATTRS_MAX)
		len = GTPU_RULE_ATTRS_MAX;
	asm volatile("" : "+r"(len));
	if (len <= GTPU_RULE_ATTRS_MAX)
		bpf_probe_read_kernel(r->attrs, len, message + ATTRS_AT);
}

/* With a descriptor of a namespace in the request, the device is in another one. */
static __always_inline void take_device(struct gtpu_rule_record *r, const struct sk_buff *skb,
					const struct genl_info *info)
{
	__u32 fd;

	if (!attr_read(info, ATTR_NET_NS_FD, &fd, sizeof(fd)) ||
	    attr_read(info, ATTR_LINK, &r->ifindex, sizeof(r->ifindex)))
		return;
	r->netns = BPF_CORE_READ(skb, sk, __sk_common.skc_net.net, ns.inum);
	r->has |= GTPU_RULE_HAS_DEVICE;
}

static __always_inline bool deletes(__u32 func)
{
	return func >= GTP5G_GENL_DEL_PDR;
}

static __always_inline void take_far_counts(struct gtpu_rule_record *r)
{
	struct gtpu_far_key key = {.seid = r->seid, .far_id = r->id, .netns = (__u32)r->netns};
	struct gtpu_far_counts *c;

	if (!(r->has & GTPU_RULE_HAS_DEVICE))
		return;
	c = far_counts(&key);
	if (!c)
		return;
	__builtin_memcpy(&r->counts, c, sizeof(r->counts));
	r->has |= GTPU_RULE_HAS_COUNTS;
	if (deletes(r->func_id))
		bpf_map_delete_elem(&gtpu_fars, &key);
}

/* The SEID may next belong to a session that has never met a quota. */
static __noinline int quota_forget(const struct sk_buff *skb, const struct genl_info *info)
{
	struct gtpu_quota_key key = {};

	if (attr_read(info, ATTR_ID, &key.urr_id, sizeof(key.urr_id)))
		return 0;
	attr_read(info, SEID_OF_URR, &key.seid, sizeof(key.seid));
	key.netns = BPF_CORE_READ(skb, sk, __sk_common.skc_net.net, ns.inum);
	bpf_map_delete_elem(&gtpu_quotas, &key);
	return 0;
}

static __noinline int rule_entry(__u32 func, const struct sk_buff *skb, const struct genl_info *info, __u32 seid_attr,
				 __u32 id_size)
{
	struct gtpu_rule_record *r;

	NOTE(func, entries);
	if (func == GTP5G_GENL_DEL_URR)
		quota_forget(skb, info);
	if (notable_only)
		return 0;
	r = ring_reserve(sizeof(*r), GTPU_RULE);
	if (!r)
		return 0;
	task_fill(&r->hdr);
	r->func_id = func;
	if (hooked >> GTP5G_FWD_EMARK_SKB_IPV4 & 1)
		r->has |= GTPU_RULE_SEES_MARKERS;
	take_request(r, info);
	take_device(r, skb, info);
	take_id(r, info, id_size == 1 ? 1 : id_size == 2 ? 2 : 4);
	attr_read(info, seid_attr, &r->seid, sizeof(r->seid));
	if (func == GTP5G_GENL_ADD_FAR || func == GTP5G_GENL_DEL_FAR)
		take_far_counts(r);
	ring_submit(r);
	return 0;
}

/* The tunnel is the old one, in network order, at the start of the struct. */
static __noinline int end_marker_entry(const struct net_device *dev, const void *info)
{
	struct gtpu_rule_record *r;
	__u32 tunnel[2] = {};

	NOTE(GTP5G_FWD_EMARK_SKB_IPV4, entries);
	r = ring_reserve(sizeof(*r), GTPU_END_MARKER);
	if (!r)
		return 0;
	task_fill(&r->hdr);
	r->func_id = GTP5G_FWD_EMARK_SKB_IPV4;
	r->netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	r->ifindex = BPF_CORE_READ(dev, ifindex);
	r->has |= GTPU_RULE_HAS_DEVICE;
	if (!bpf_probe_read_kernel(tunnel, sizeof(tunnel), info)) {
		r->teid = bpf_ntohl(tunnel[0]);
		packet_map_v4(r->peer, tunnel[1]);
		r->has |= GTPU_RULE_HAS_TUNNEL;
	}
	ring_submit(r);
	return 0;
}
