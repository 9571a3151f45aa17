/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include "nl.h"
#include "rtnl.h"

static int on_nsid(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	int *nsid = data;

	if (nlh->nlmsg_type != RTM_NEWNSID || nlh->nlmsg_len < mnl_nlmsg_size(MNL_ALIGN(sizeof(struct rtgenmsg))))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(struct rtgenmsg)) {
		if (mnl_attr_get_type(attr) == NETNSA_NSID && mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			*nsid = (int)mnl_attr_get_u32(attr);
	}
	return MNL_CB_OK;
}

int rtnl_nsid(int ns, int *ret, struct err *err)
{
	int nsid = NETNSA_NSID_NOT_ASSIGNED, r;
	struct nl_message m;

	nl_begin(&m, NETLINK_ROUTE, RTM_GETNSID, 0);
	nl_header(&m, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(m.h, NETNSA_FD, (uint32_t)ns);
	r = nl_request(&m, on_nsid, &nsid, "the number of a network namespace", err);
	if (r < 0)
		return r;
	if (nsid < 0)
		return err_set(err, -ENOENT, "the network namespace has no number here");
	*ret = nsid;
	return 0;
}
