/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "nl.h"
#include "rtnl.h"

/* Attributes newer than the oldest headers this is built with. */
#define GTP_FD0 1	     /* IFLA_GTP_FD0 */
#define GTP_FD1 2	     /* IFLA_GTP_FD1 */
#define GTP_PDP_HASHSIZE 3   /* IFLA_GTP_PDP_HASHSIZE */
#define GTP_ROLE 4	     /* IFLA_GTP_ROLE */
#define GTP_CREATE_SOCKETS 5 /* IFLA_GTP_CREATE_SOCKETS, Linux 5.11 */

/* gtp5g's, from its include/gtp.h. */
#define GTP5G_FD1 1
#define GTP5G_PDR_HASHSIZE 2
#define GTP5G_ROLE 3

#define WHAT_MAX 128

struct visitor {
	void (*visit)(const struct rtnl_link *link, void *data);
	void *data;
};

static void parse_link_kind(const struct nlattr *linkinfo, struct rtnl_link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, linkinfo) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND && mnl_attr_validate(attr, MNL_TYPE_STRING) == 0)
			snprintf(link->kind, sizeof(link->kind), "%.*s", mnl_attr_get_payload_len(attr),
				 mnl_attr_get_str(attr));
	}
}

/* IFLA_XDP_PROG_ID is absent where programs run at several places: then each has its own. */
static void parse_xdp(const struct nlattr *xdp, struct rtnl_link *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, xdp) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type >= IFLA_XDP_PROG_ID && type <= IFLA_XDP_HW_PROG_ID && !link->xdp_program &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			link->xdp_program = mnl_attr_get_u32(attr);
	}
}

static void parse_link_attr(const struct nlattr *attr, struct rtnl_link *link)
{
	bool is_u32 = mnl_attr_get_payload_len(attr) == sizeof(uint32_t);

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		snprintf(link->name, sizeof(link->name), "%.*s", mnl_attr_get_payload_len(attr),
			 mnl_attr_get_str(attr));
		break;
	case IFLA_MTU:
		link->mtu = is_u32 ? mnl_attr_get_u32(attr) : 0;
		break;
	case IFLA_LINK:
		link->peer_ifindex = is_u32 ? mnl_attr_get_u32(attr) : 0;
		break;
	case IFLA_LINK_NETNSID:
		link->peer_nsid = is_u32 ? (int)mnl_attr_get_u32(attr) : -1;
		break;
	case IFLA_MASTER:
		link->master = is_u32 ? mnl_attr_get_u32(attr) : 0;
		break;
	case IFLA_XDP:
		parse_xdp(attr, link);
		break;
	case IFLA_LINKINFO:
		parse_link_kind(attr, link);
		break;
	}
}

static int visit_link_message(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	struct rtnl_link link = {.peer_nsid = -1};
	const struct visitor *v = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*info)))
		return MNL_CB_OK;
	link.ifindex = info->ifi_index;
	link.type = info->ifi_type;
	link.up = info->ifi_flags & IFF_UP;
	mnl_attr_for_each(attr, nlh, sizeof(*info))
		parse_link_attr(attr, &link);
	v->visit(&link, v->data);
	return MNL_CB_OK;
}

int rtnl_link_list(void (*visit)(const struct rtnl_link *link, void *data), void *data, struct err *err)
{
	struct visitor v = {.visit = visit, .data = data};
	struct nl_message m;

	nl_begin(&m, NETLINK_ROUTE, RTM_GETLINK, NLM_F_DUMP);
	nl_header(&m, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(m.h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return nl_request(&m, visit_link_message, &v, "listing the network interfaces", err);
}

struct kept_link {
	struct rtnl_link *link;
	bool found;
};

static void keep_link(const struct rtnl_link *link, void *data)
{
	struct kept_link *kept = data;

	*kept->link = *link;
	kept->found = true;
}

static int request_link(struct nl_message *m, struct rtnl_link *ret, const char *what, struct err *err)
{
	struct kept_link kept = {.link = ret};
	struct visitor v = {.visit = keep_link, .data = &kept};
	int r = nl_request(m, visit_link_message, &v, what, err);

	return r == 0 && !kept.found ? err_set(err, -EPROTO, "%s: the kernel's answer has none", what) : r;
}

int rtnl_link_get(const char *name, struct rtnl_link *ret, struct err *err)
{
	struct nl_message m;
	char what[WHAT_MAX];

	if (strlen(name) >= IF_NAMESIZE)
		return err_set(err, -ENODEV, "interface '%s': a name has less than %d characters", name, IF_NAMESIZE);
	snprintf(what, sizeof(what), "interface '%s'", name);
	nl_begin(&m, NETLINK_ROUTE, RTM_GETLINK, 0);
	nl_header(&m, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(m.h, IFLA_IFNAME, name);
	mnl_attr_put_u32(m.h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return request_link(&m, ret, what, err);
}

int rtnl_link_at(unsigned ifindex, struct rtnl_link *ret, struct err *err)
{
	struct ifinfomsg *info;
	struct nl_message m;
	char what[WHAT_MAX];

	snprintf(what, sizeof(what), "interface %u", ifindex);
	nl_begin(&m, NETLINK_ROUTE, RTM_GETLINK, 0);
	info = nl_header(&m, sizeof(*info));
	info->ifi_index = (int)ifindex;
	mnl_attr_put_u32(m.h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return request_link(&m, ret, what, err);
}

/* A link to make. */
struct new_link {
	const char *name, *kind;
	unsigned mtu; /* 0: the default */
	struct nlattr *info, *data;
	struct nl_message m;
};

/* Up to IFLA_INFO_DATA, which stays open for the kind's own. */
static struct nlmsghdr *begin_new_link(struct new_link *l)
{
	nl_begin(&l->m, NETLINK_ROUTE, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	nl_header(&l->m, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(l->m.h, IFLA_IFNAME, l->name);
	if (l->mtu)
		mnl_attr_put_u32(l->m.h, IFLA_MTU, l->mtu);
	l->info = mnl_attr_nest_start(l->m.h, IFLA_LINKINFO);
	mnl_attr_put_strz(l->m.h, IFLA_INFO_KIND, l->kind);
	l->data = mnl_attr_nest_start(l->m.h, IFLA_INFO_DATA);
	return l->m.h;
}

static int send_new_link(struct new_link *l, struct err *err)
{
	char what[WHAT_MAX];

	mnl_attr_nest_end(l->m.h, l->data);
	mnl_attr_nest_end(l->m.h, l->info);
	snprintf(what, sizeof(what), "making the %s device '%s'", l->kind, l->name);
	return nl_request(&l->m, NULL, NULL, what, err);
}

int rtnl_veth_add(const char *name, unsigned mtu, const char *peer_name, int peer_ns, struct err *err)
{
	struct new_link l = {.name = name, .kind = "veth", .mtu = mtu};
	struct nlmsghdr *nlh = begin_new_link(&l);
	struct nlattr *peer = mnl_attr_nest_start(nlh, VETH_INFO_PEER);

	nl_header(&l.m, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer_name);
	if (mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, peer_ns);
	mnl_attr_nest_end(nlh, peer);
	return send_new_link(&l, err);
}

int rtnl_gtp_add(const char *name, const struct rtnl_gtp *gtp, struct err *err)
{
	struct new_link l = {.name = name, .kind = "gtp"};
	struct nlmsghdr *nlh = begin_new_link(&l);

	if (gtp->fd0 >= 0)
		mnl_attr_put_u32(nlh, GTP_FD0, gtp->fd0);
	if (gtp->fd1u >= 0)
		mnl_attr_put_u32(nlh, GTP_FD1, gtp->fd1u);
	if (gtp->fd0 < 0 && gtp->fd1u < 0)
		mnl_attr_put_u8(nlh, GTP_CREATE_SOCKETS, 1);
	if (gtp->hash_size)
		mnl_attr_put_u32(nlh, GTP_PDP_HASHSIZE, gtp->hash_size);
	mnl_attr_put_u32(nlh, GTP_ROLE, gtp->role);
	return send_new_link(&l, err);
}

int rtnl_gtp5g_add(const char *name, int fd1u, unsigned pdr_hash_size, enum rtnl_gtp_role role, struct err *err)
{
	struct new_link l = {.name = name, .kind = "gtp5g"};
	struct nlmsghdr *nlh = begin_new_link(&l);

	mnl_attr_put_u32(nlh, GTP5G_FD1, fd1u);
	mnl_attr_put_u32(nlh, GTP5G_PDR_HASHSIZE, pdr_hash_size);
	mnl_attr_put_u32(nlh, GTP5G_ROLE, role);
	return send_new_link(&l, err);
}

static int begin_link_change(struct nl_message *m, uint16_t type, const char *name, struct ifinfomsg **ret,
			     struct err *err)
{
	struct rtnl_link link = {0};
	int r = rtnl_link_get(name, &link, err);

	if (r < 0)
		return r;
	nl_begin(m, NETLINK_ROUTE, type, 0);
	*ret = nl_header(m, sizeof(**ret));
	(*ret)->ifi_index = link.ifindex;
	return 0;
}

static int send_link_change(struct nl_message *m, const char *name, const char *what, struct err *err)
{
	int r = nl_request(m, NULL, NULL, what, err);

	return r < 0 ? err_prefix(err, r, "interface '%s'", name) : 0;
}

int rtnl_link_set_up(const char *name, bool up, struct err *err)
{
	struct ifinfomsg *info;
	struct nl_message m;
	int r = begin_link_change(&m, RTM_NEWLINK, name, &info, err);

	if (r < 0)
		return r;
	info->ifi_change = IFF_UP;
	info->ifi_flags = up ? IFF_UP : 0;
	return send_link_change(&m, name, up ? "setting it up" : "setting it down", err);
}

int rtnl_link_set_mtu(const char *name, unsigned mtu, struct err *err)
{
	struct ifinfomsg *info;
	struct nl_message m;
	int r = begin_link_change(&m, RTM_NEWLINK, name, &info, err);

	if (r < 0)
		return r;
	mnl_attr_put_u32(m.h, IFLA_MTU, mtu);
	return send_link_change(&m, name, "setting the MTU", err);
}

int rtnl_link_rename(const char *name, const char *new_name, struct err *err)
{
	struct ifinfomsg *info;
	struct nl_message m;
	int r = begin_link_change(&m, RTM_NEWLINK, name, &info, err);

	if (r < 0)
		return r;
	mnl_attr_put_strz(m.h, IFLA_IFNAME, new_name);
	return send_link_change(&m, name, "renaming it", err);
}

int rtnl_link_delete(const char *name, struct err *err)
{
	struct ifinfomsg *info;
	struct nl_message m;
	int r = begin_link_change(&m, RTM_DELLINK, name, &info, err);

	if (r < 0)
		return r;
	return send_link_change(&m, name, "deleting it", err);
}
