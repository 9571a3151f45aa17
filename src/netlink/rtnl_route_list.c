/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A dump of all tables. /proc/net/route has the main table alone, and no IPv6. */
#include <linux/rtnetlink.h>
#include <string.h>

#include "nl.h"
#include "rtnl_look.h"

struct route_visitor {
	void (*visit)(const struct rtnl_route *route, void *data);
	void *data;
	uint8_t family;
};

static void get_destination(const struct nlattr *attr, struct rtnl_route *route)
{
	uint32_t v4;

	if (route->v4 && mnl_attr_get_payload_len(attr) == sizeof(v4)) {
		memcpy(&v4, mnl_attr_get_payload(attr), sizeof(v4));
		route->dst = addr_from_v4(v4);
	} else if (!route->v4 && mnl_attr_get_payload_len(attr) == sizeof(route->dst.b)) {
		memcpy(route->dst.b, mnl_attr_get_payload(attr), sizeof(route->dst.b));
	}
}

static void visit_hops(const struct nlattr *hops, struct rtnl_route *route, const struct route_visitor *v)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(hops);
	int left = mnl_attr_get_payload_len(hops);

	while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		route->ifindex = (unsigned)hop->rtnh_ifindex;
		v->visit(route, v->data);
		left -= RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
}

static void parse_route_attr(const struct nlattr *attr, struct rtnl_route *route)
{
	bool is_u32 = mnl_attr_get_payload_len(attr) == sizeof(uint32_t);

	switch (mnl_attr_get_type(attr)) {
	case RTA_DST:
		get_destination(attr, route);
		break;
	case RTA_OIF:
		route->ifindex = is_u32 ? mnl_attr_get_u32(attr) : 0;
		break;
	case RTA_TABLE:
		route->table = is_u32 ? mnl_attr_get_u32(attr) : route->table;
		break;
	}
}

static int on_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *hops = NULL;
	const struct route_visitor *v = data;
	struct rtnl_route route = {0};

	if (nlh->nlmsg_type != RTM_NEWROUTE || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*rt)) ||
	    rt->rtm_family != v->family || rt->rtm_type != RTN_UNICAST || rt->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;
	route.v4 = rt->rtm_family == AF_INET;
	route.dst = route.v4 ? addr_from_v4(0) : (struct addr){0};
	route.by_kernel = rt->rtm_protocol == RTPROT_KERNEL;
	route.prefix_len = rt->rtm_dst_len;
	route.table = rt->rtm_table;
	mnl_attr_for_each(attr, nlh, sizeof(*rt)) {
		parse_route_attr(attr, &route);
		if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
			hops = attr;
	}
	if (hops)
		visit_hops(hops, &route, v);
	else
		v->visit(&route, v->data);
	return MNL_CB_OK;
}

static int list_routes(uint8_t family, struct route_visitor *v, struct err *err)
{
	struct nl_message m;
	struct rtmsg *rt;

	v->family = family;
	nl_begin(&m, NETLINK_ROUTE, RTM_GETROUTE, NLM_F_DUMP);
	rt = nl_header(&m, sizeof(*rt));
	rt->rtm_family = family;
	return nl_request(&m, on_route, v, "listing the routes", err);
}

/* A kernel without IPv6 answers with the routes of all families: on_route() leaves them out. */
int rtnl_route_list(void (*visit)(const struct rtnl_route *route, void *data), void *data, struct err *err)
{
	struct route_visitor v = {.visit = visit, .data = data};
	int r = list_routes(AF_INET, &v, err);

	return r < 0 ? r : list_routes(AF_INET6, &v, err);
}
