/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rtnl_look.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "nl.h"

#define WHAT_MAX 96

static bool get_addr(const struct nlattr *attr, struct addr *ret)
{
	uint32_t v4;

	switch (mnl_attr_get_payload_len(attr)) {
	case sizeof(v4):
		memcpy(&v4, mnl_attr_get_payload(attr), sizeof(v4));
		*ret = addr_from_v4(v4);
		return true;
	case sizeof(ret->b):
		memcpy(ret->b, mnl_attr_get_payload(attr), sizeof(ret->b));
		return true;
	}
	return false;
}

static uint8_t family_of(const struct addr *a)
{
	return addr_is_v4(a) ? AF_INET : AF_INET6;
}

struct address_visitor {
	void (*visit)(unsigned ifindex, const struct addr *addr, void *data);
	void *data;
};

/* IFA_LOCAL is the interface's own; IPv6 has IFA_ADDRESS alone, unless it is point to point. */
static int on_address(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct address_visitor *v = data;
	bool has_local = false, has = false;
	const struct nlattr *attr;
	struct addr addr;

	if (nlh->nlmsg_type != RTM_NEWADDR || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*info)))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*info)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !has_local))
			has |= get_addr(attr, &addr);
		has_local |= type == IFA_LOCAL;
	}
	if (has)
		v->visit(info->ifa_index, &addr, v->data);
	return MNL_CB_OK;
}

int rtnl_addr_list(void (*visit)(unsigned ifindex, const struct addr *addr, void *data), void *data, struct err *err)
{
	struct address_visitor v = {.visit = visit, .data = data};
	struct nl_message m;

	nl_begin(&m, NETLINK_ROUTE, RTM_GETADDR, NLM_F_DUMP);
	nl_header(&m, sizeof(struct ifaddrmsg));
	return nl_request(&m, on_address, &v, "listing the addresses", err);
}

static void parse_metrics(const struct nlattr *metrics, struct rtnl_way *way)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, metrics) {
		if (mnl_attr_get_type(attr) == RTAX_MTU && mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			way->mtu = mnl_attr_get_u32(attr);
	}
}

static int on_way(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct rtnl_way *way = data;

	if (nlh->nlmsg_type != RTM_NEWROUTE || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*rt)))
		return MNL_CB_OK;
	way->local = rt->rtm_type == RTN_LOCAL;
	way->prefix_len = rt->rtm_dst_len;
	mnl_attr_for_each(attr, nlh, sizeof(*rt)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			if (mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
				way->ifindex = mnl_attr_get_u32(attr);
			break;
		case RTA_GATEWAY:
			way->has_gateway = get_addr(attr, &way->gateway);
			break;
		case RTA_METRICS:
			parse_metrics(attr, way);
			break;
		}
	}
	return MNL_CB_OK;
}

/* from NULL: for a packet of this node itself. */
static int look_up_way(const struct addr *dst, const struct rtnl_arrival *from, struct rtnl_way *ret, struct err *err)
{
	char text[ADDR_TEXT_MAX], what[WHAT_MAX], where[32] = "";
	struct rtnl_way way = {0};
	struct nl_message m;
	struct rtmsg *rt;
	int r;

	nl_begin(&m, NETLINK_ROUTE, RTM_GETROUTE, 0);
	rt = nl_header(&m, sizeof(*rt));
	rt->rtm_family = family_of(dst);
	rt->rtm_dst_len = addr_is_v4(dst) ? 32 : 128;
	nl_put_addr(m.h, RTA_DST, dst);
	if (from) {
		rt->rtm_src_len = rt->rtm_dst_len;
		rt->rtm_flags = RTM_F_FIB_MATCH;
		nl_put_addr(m.h, RTA_SRC, &from->src);
		mnl_attr_put_u32(m.h, RTA_IIF, from->ifindex);
		snprintf(where, sizeof(where), " from interface %u", from->ifindex);
	}
	snprintf(what, sizeof(what), "the route to %s%s", addr_format(dst, text), where);
	r = nl_request(&m, on_way, &way, what, err);
	if (r >= 0)
		*ret = way;
	return r;
}

int rtnl_way_to(const struct addr *dst, struct rtnl_way *ret, struct err *err)
{
	return look_up_way(dst, NULL, ret, err);
}

int rtnl_way_from(const struct rtnl_arrival *arrival, struct rtnl_way *ret, struct err *err)
{
	return look_up_way(&arrival->dst, arrival, ret, err);
}

struct neighbour {
	unsigned ifindex;
	const struct addr *addr;
	enum rtnl_neighbour state;
};

static int on_neighbour(const struct nlmsghdr *nlh, void *data)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(nlh);
	struct neighbour *n = data;
	const struct nlattr *attr;
	bool found = false;
	struct addr addr;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*info)) ||
	    (unsigned)info->ndm_ifindex != n->ifindex)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*info)) {
		if (mnl_attr_get_type(attr) == NDA_DST && get_addr(attr, &addr))
			found = addr_equal(&addr, n->addr);
	}
	if (found)
		n->state =
			info->ndm_state & (NUD_FAILED | NUD_INCOMPLETE) ? RTNL_NEIGHBOUR_SILENT : RTNL_NEIGHBOUR_FOUND;
	return MNL_CB_OK;
}

int rtnl_neighbour(unsigned ifindex, const struct addr *addr, enum rtnl_neighbour *ret, struct err *err)
{
	struct neighbour n = {.ifindex = ifindex, .addr = addr};
	struct nl_message m;
	struct ndmsg *info;
	int r;

	nl_begin(&m, NETLINK_ROUTE, RTM_GETNEIGH, NLM_F_DUMP);
	info = nl_header(&m, sizeof(*info));
	info->ndm_family = family_of(addr);
	r = nl_request(&m, on_neighbour, &n, "listing the neighbours", err);
	if (r >= 0)
		*ret = n.state;
	return r;
}

#define TICKS_A_SECOND 100 /* USER_HZ: of the kernel's clock_t */
#define RECENT_S 5

struct silent {
	unsigned ifindex;
	struct rtnl_silent ret;
};

static bool is_recent(const struct nlattr *attr)
{
	const struct nda_cacheinfo *info = mnl_attr_get_payload(attr);

	return mnl_attr_get_payload_len(attr) >= sizeof(*info) && info->ndm_updated <= RECENT_S * TICKS_A_SECOND;
}

static int on_silent(const struct nlmsghdr *nlh, void *data)
{
	const struct ndmsg *info = mnl_nlmsg_get_payload(nlh);
	bool recent = false, addressed = false;
	struct silent *s = data;
	const struct nlattr *attr;
	struct addr addr;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*info)) ||
	    (unsigned)info->ndm_ifindex != s->ifindex || !(info->ndm_state & (NUD_FAILED | NUD_INCOMPLETE)))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*info)) {
		if (mnl_attr_get_type(attr) == NDA_DST)
			addressed = get_addr(attr, &addr);
		else if (mnl_attr_get_type(attr) == NDA_CACHEINFO)
			recent = is_recent(attr);
	}
	if (addressed && recent)
		s->ret = (struct rtnl_silent){true, addr};
	return MNL_CB_OK;
}

int rtnl_silent(unsigned ifindex, bool v4, struct rtnl_silent *ret, struct err *err)
{
	struct silent s = {.ifindex = ifindex};
	struct nl_message m;
	struct ndmsg *info;
	int r;

	nl_begin(&m, NETLINK_ROUTE, RTM_GETNEIGH, NLM_F_DUMP);
	info = nl_header(&m, sizeof(*info));
	info->ndm_family = v4 ? AF_INET : AF_INET6;
	r = nl_request(&m, on_silent, &s, "listing the neighbours", err);
	if (r >= 0)
		*ret = s.ret;
	return r;
}
