/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "genl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>

#include "nl.h"

_Static_assert(GENL_MESSAGE_MAX == NL_MESSAGE_MAX, "one size of message");

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	uint16_t *id = data;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_get_payload_len(attr) == sizeof(uint16_t))
			*id = mnl_attr_get_u16(attr);
	}
	return MNL_CB_OK;
}

static void begin(struct nl_message *m, uint16_t family, uint8_t cmd, uint8_t version,
		  uint16_t flags)
{
	struct genlmsghdr *genl;

	nl_begin(m, family, flags);
	genl = nl_header(m, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
}

int genl_family(const char *name, uint16_t *ret, struct err *err)
{
	struct nl_message m;
	uint16_t id = 0;
	char what[64];
	int r;

	snprintf(what, sizeof(what), "generic netlink family '%s'", name);
	begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	mnl_attr_put_strz(m.h, CTRL_ATTR_FAMILY_NAME, name);
	r = nl_request(NETLINK_GENERIC, &m, on_family, &id, what, err);
	if (r < 0)
		return r;
	if (!id)
		return err_set(err, -EPROTO, "%s: the kernel's answer has no number", what);
	*ret = id;
	return 0;
}

int genl_request(uint16_t family, uint8_t cmd, uint8_t version, uint16_t flags,
		 void (*put)(struct nlmsghdr *nlh, const void *data), const void *data,
		 const char *what, struct err *err)
{
	struct nl_message m;

	begin(&m, family, cmd, version, flags);
	put(m.h, data);
	return nl_request(NETLINK_GENERIC, &m, NULL, NULL, what, err);
}
