/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include "nl.h"
#include "rtnl.h"

#define WHAT_MAX 192

static uint8_t family_of(const struct addr *a)
{
	return addr_is_v4(a) ? AF_INET : AF_INET6;
}

int rtnl_addr_add(const char *name, const struct addr *addr, unsigned prefix_len, struct err *err)
{
	char text[ADDR_TEXT_MAX], what[WHAT_MAX];
	struct rtnl_link link;
	struct ifaddrmsg *ifa;
	struct nl_message m;
	int r = rtnl_link_get(name, &link, err);

	if (r < 0)
		return r;
	nl_begin(&m, NETLINK_ROUTE, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	ifa = nl_header(&m, sizeof(*ifa));
	ifa->ifa_family = family_of(addr);
	ifa->ifa_prefixlen = prefix_len;
	ifa->ifa_flags = addr_is_v4(addr) ? 0 : IFA_F_NODAD;
	ifa->ifa_index = link.ifindex;
	nl_put_addr(m.h, IFA_LOCAL, addr);
	nl_put_addr(m.h, IFA_ADDRESS, addr);
	snprintf(what, sizeof(what), "address %s/%u on '%s'", addr_format(addr, text), prefix_len, name);
	return nl_request(&m, NULL, NULL, what, err);
}

static void put_route(struct nl_message *m, const struct addr *dst, unsigned prefix_len, const struct addr *via)
{
	struct rtmsg *rt;

	nl_begin(m, NETLINK_ROUTE, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
	rt = nl_header(m, sizeof(*rt));
	rt->rtm_family = family_of(dst);
	rt->rtm_dst_len = prefix_len;
	rt->rtm_table = RT_TABLE_MAIN; /* or the attribute RTA_TABLE */
	rt->rtm_protocol = RTPROT_STATIC;
	rt->rtm_scope = via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	rt->rtm_type = RTN_UNICAST;
	if (prefix_len)
		nl_put_addr(m->h, RTA_DST, dst);
	if (via)
		nl_put_addr(m->h, RTA_GATEWAY, via);
}

int rtnl_route_add(const struct addr *dst, unsigned prefix_len, const struct addr *via, const char *name,
		   struct err *err)
{
	char text[ADDR_TEXT_MAX], what[WHAT_MAX];
	struct rtnl_link link;
	struct nl_message m;
	int r;

	put_route(&m, dst, prefix_len, via);
	if (name) {
		r = rtnl_link_get(name, &link, err);
		if (r < 0)
			return r;
		mnl_attr_put_u32(m.h, RTA_OIF, link.ifindex);
	}
	snprintf(what, sizeof(what), "route to %s/%u", addr_format(dst, text), prefix_len);
	return nl_request(&m, NULL, NULL, what, err);
}

static int add_table_route(uint32_t table, const struct rtnl_link *link, struct err *err)
{
	const struct addr any = addr_from_v4(0);
	char what[WHAT_MAX];
	struct nl_message m;

	put_route(&m, &any, 0, NULL);
	mnl_attr_put_u32(m.h, RTA_TABLE, table);
	mnl_attr_put_u32(m.h, RTA_OIF, link->ifindex);
	snprintf(what, sizeof(what), "default route in table %u", table);
	return nl_request(&m, NULL, NULL, what, err);
}

int rtnl_source_route_add(const struct addr *src, uint32_t table, const char *name, struct err *err)
{
	char text[ADDR_TEXT_MAX], what[WHAT_MAX];
	struct fib_rule_hdr *rule;
	struct rtnl_link link;
	struct nl_message m;
	int r = rtnl_link_get(name, &link, err);

	if (r >= 0)
		r = add_table_route(table, &link, err);
	if (r < 0)
		return r;
	nl_begin(&m, NETLINK_ROUTE, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
	rule = nl_header(&m, sizeof(*rule));
	rule->family = AF_INET;
	rule->src_len = 32;
	rule->action = FR_ACT_TO_TBL;
	nl_put_addr(m.h, FRA_SRC, src);
	mnl_attr_put_u32(m.h, FRA_TABLE, table);
	snprintf(what, sizeof(what), "rule for what comes from %s", addr_format(src, text));
	return nl_request(&m, NULL, NULL, what, err);
}
