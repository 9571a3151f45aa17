/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rtnl_tc.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "nl.h"

struct filter_visitor {
	void (*visit)(const struct rtnl_filter *f, void *data);
	void *data;
};

static int parse_bpf_option(const struct nlattr *attr, void *data)
{
	bool is_u32 = mnl_attr_get_payload_len(attr) == sizeof(uint32_t);
	struct rtnl_filter *f = data;

	if (mnl_attr_get_type(attr) == TCA_BPF_NAME)
		snprintf(f->name, sizeof(f->name), "%.*s", mnl_attr_get_payload_len(attr), mnl_attr_get_str(attr));
	else if (mnl_attr_get_type(attr) == TCA_BPF_ID && is_u32)
		f->program = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static bool is_bpf(const struct nlattr *kind)
{
	return kind && mnl_attr_validate(kind, MNL_TYPE_NUL_STRING) == 0 && !strcmp(mnl_attr_get_str(kind), "bpf");
}

static int visit_filter_message(const struct nlmsghdr *nlh, void *data)
{
	const struct tcmsg *t = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *kind = NULL, *options = NULL;
	const struct filter_visitor *v = data;
	struct rtnl_filter f = {0};

	if (nlh->nlmsg_type != RTM_NEWTFILTER || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*t)))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*t)) {
		if (mnl_attr_get_type(attr) == TCA_KIND)
			kind = attr;
		else if (mnl_attr_get_type(attr) == TCA_OPTIONS)
			options = attr;
	}
	f.priority = t->tcm_info >> 16;
	f.handle = t->tcm_handle;
	f.bpf = is_bpf(kind);
	if (f.bpf && options)
		mnl_attr_parse_nested(options, parse_bpf_option, &f);
	/* handle 0: the container of a priority, not a filter */
	if (f.handle)
		v->visit(&f, v->data);
	return MNL_CB_OK;
}

static struct tcmsg *begin_dump(struct nl_message *m, uint16_t type, unsigned ifindex)
{
	struct tcmsg *t;

	nl_begin(m, NETLINK_ROUTE, type, NLM_F_DUMP);
	t = nl_header(m, sizeof(*t));
	t->tcm_ifindex = (int)ifindex;
	return t;
}

int rtnl_filter_list(unsigned ifindex, bool egress, void (*visit)(const struct rtnl_filter *f, void *data), void *data)
{
	struct filter_visitor v = {.visit = visit, .data = data};
	struct nl_message m;
	int r;

	begin_dump(&m, RTM_GETTFILTER, ifindex)->tcm_parent =
		TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	r = nl_request(&m, visit_filter_message, &v, "listing the filters", NULL);
	return r == -EINVAL || r == -ENOENT ? 0 : r;
}

struct qdisc_look {
	int ifindex;
	bool found;
};

static int note_qdisc_message(const struct nlmsghdr *nlh, void *data)
{
	const struct tcmsg *t = mnl_nlmsg_get_payload(nlh);
	struct qdisc_look *look = data;

	if (nlh->nlmsg_type == RTM_NEWQDISC && nlh->nlmsg_len >= mnl_nlmsg_size(sizeof(*t)))
		look->found |= t->tcm_ifindex == look->ifindex && t->tcm_parent == TC_H_CLSACT;
	return MNL_CB_OK;
}

/* A dump, for the kernel answers a request for one qdisc to every listener on the node. */
int rtnl_clsact_exists(unsigned ifindex)
{
	struct qdisc_look look = {.ifindex = (int)ifindex};
	struct nl_message m;
	int r;

	begin_dump(&m, RTM_GETQDISC, ifindex);
	r = nl_request(&m, note_qdisc_message, &look, "listing the qdiscs", NULL);
	return r < 0 ? r : look.found;
}

struct qdisc_visitor {
	void (*visit)(const struct rtnl_qdisc *q, void *data);
	void *data;
};

static int parse_qdisc_stats(const struct nlattr *attr, void *data)
{
	size_t len = mnl_attr_get_payload_len(attr);
	const void *payload = mnl_attr_get_payload(attr);
	struct gnet_stats_basic basic = {0};
	struct gnet_stats_queue queue = {0};
	struct rtnl_qdisc *q = data;

	/* A kernel may have more members than these headers, or fewer. */
	if (mnl_attr_get_type(attr) == TCA_STATS_BASIC) {
		memcpy(&basic, payload, len < sizeof(basic) ? len : sizeof(basic));
		q->packets = basic.packets;
	} else if (mnl_attr_get_type(attr) == TCA_STATS_QUEUE) {
		memcpy(&queue, payload, len < sizeof(queue) ? len : sizeof(queue));
		q->drops = queue.drops;
	}
	return MNL_CB_OK;
}

static int visit_qdisc_message(const struct nlmsghdr *nlh, void *data)
{
	const struct tcmsg *t = mnl_nlmsg_get_payload(nlh);
	const struct qdisc_visitor *v = data;
	const struct nlattr *attr;
	struct rtnl_qdisc q = {0};

	if (nlh->nlmsg_type != RTM_NEWQDISC || nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*t)))
		return MNL_CB_OK;
	q.ifindex = (unsigned)t->tcm_ifindex;
	q.handle = t->tcm_handle;
	q.parent = t->tcm_parent;
	mnl_attr_for_each(attr, nlh, sizeof(*t)) {
		if (mnl_attr_get_type(attr) == TCA_KIND && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			snprintf(q.kind, sizeof(q.kind), "%s", mnl_attr_get_str(attr));
		else if (mnl_attr_get_type(attr) == TCA_STATS2)
			mnl_attr_parse_nested(attr, parse_qdisc_stats, &q);
	}
	v->visit(&q, v->data);
	return MNL_CB_OK;
}

int rtnl_qdisc_list(void (*visit)(const struct rtnl_qdisc *q, void *data), void *data)
{
	struct qdisc_visitor v = {.visit = visit, .data = data};
	struct nl_message m;

	begin_dump(&m, RTM_GETQDISC, 0);
	return nl_request(&m, visit_qdisc_message, &v, "listing the qdiscs", NULL);
}
