/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "nl.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>

void nl_begin(struct nl_message *m, int bus, uint16_t type, uint16_t flags)
{
	m->bus = bus;
	m->h = mnl_nlmsg_put_header(m->bytes);
	m->h->nlmsg_type = type;
	m->h->nlmsg_flags = NLM_F_REQUEST | flags;
	m->h->nlmsg_seq = 1;
}

struct genlmsghdr *nl_begin_generic(struct nl_message *m, uint16_t family, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr *genl;

	nl_begin(m, NETLINK_GENERIC, family, flags);
	genl = nl_header(m, sizeof(*genl));
	genl->cmd = cmd;
	return genl;
}

void *nl_header(struct nl_message *m, size_t size)
{
	return mnl_nlmsg_put_extra_header(m->h, size);
}

void nl_put_addr(struct nlmsghdr *nlh, uint16_t attr, const struct addr *addr)
{
	uint32_t v4 = addr_v4(addr);

	if (addr_is_v4(addr))
		mnl_attr_put(nlh, attr, sizeof(v4), &v4);
	else
		mnl_attr_put(nlh, attr, sizeof(addr->b), addr->b);
}
