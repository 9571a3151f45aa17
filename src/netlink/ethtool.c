/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ethtool.h"

#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "genl.h"
#include "nl.h"

struct feature_visitor {
	void (*visit)(const char *name, void *data);
	void *data;
};

static void visit_feature(const struct nlattr *bit, const struct feature_visitor *v)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, bit) {
		if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_BIT_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			v->visit(mnl_attr_get_str(attr), v->data);
	}
}

/* A set without a mask: what is in it is on. */
static void visit_features(const struct nlattr *set, const struct feature_visitor *v)
{
	const struct nlattr *bits, *bit;

	mnl_attr_for_each_nested(bits, set) {
		if (mnl_attr_get_type(bits) != ETHTOOL_A_BITSET_BITS)
			continue;
		mnl_attr_for_each_nested(bit, bits) {
			if (mnl_attr_get_type(bit) == ETHTOOL_A_BITSET_BITS_BIT)
				visit_feature(bit, v);
		}
	}
}

static int on_features(const struct nlmsghdr *nlh, void *data)
{
	const struct feature_visitor *v = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(struct genlmsghdr)))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == ETHTOOL_A_FEATURES_ACTIVE)
			visit_features(attr, v);
	}
	return MNL_CB_OK;
}

int ethtool_features(unsigned ifindex, void (*visit)(const char *name, void *data), void *data, struct err *err)
{
	struct feature_visitor v = {.visit = visit, .data = data};
	struct nl_message m;
	struct nlattr *header;
	uint16_t family;
	int r = genl_family(ETHTOOL_GENL_NAME, &family, err);

	if (r < 0)
		return r;
	nl_begin_generic(&m, family, ETHTOOL_MSG_FEATURES_GET, 0)->version = ETHTOOL_GENL_VERSION;
	header = mnl_attr_nest_start(m.h, ETHTOOL_A_FEATURES_HEADER);
	mnl_attr_put_u32(m.h, ETHTOOL_A_HEADER_DEV_INDEX, ifindex);
	mnl_attr_nest_end(m.h, header);
	return nl_request(&m, on_features, &v, "the features of an interface", err);
}
