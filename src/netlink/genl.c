/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "genl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>

#include "nl.h"

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	uint16_t *id = data;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint16_t))
			*id = mnl_attr_get_u16(attr);
	}
	return MNL_CB_OK;
}

int genl_family(const char *name, uint16_t *ret, struct err *err)
{
	struct nl_message m;
	uint16_t id = 0;
	char what[64];
	int r;

	snprintf(what, sizeof(what), "generic netlink family '%s'", name);
	nl_begin_generic(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0)->version = 1;
	mnl_attr_put_strz(m.h, CTRL_ATTR_FAMILY_NAME, name);
	r = nl_request(&m, on_family, &id, what, err);
	if (r < 0)
		return r;
	if (!id)
		return err_set(err, -EPROTO, "%s: the kernel's answer has no number", what);
	*ret = id;
	return 0;
}
