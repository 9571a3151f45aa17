/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtp.h"

#include <linux/gtp.h>
#include <linux/netlink.h>
#include <stdio.h>

#include "genl.h"
#include "nl.h"

/* Attributes newer than the oldest headers this is built with. */
#define PEER_ADDRESS 4 /* GTPA_PEER_ADDRESS, once GTPA_SGSN_ADDRESS */
#define PEER_ADDR6 11  /* GTPA_PEER_ADDR6, Linux 6.10 */
#define MS_ADDR6 12    /* GTPA_MS_ADDR6, Linux 6.10 */
#define FAMILY 13      /* GTPA_FAMILY, Linux 6.10, u8 */

static void put_identity(struct nlmsghdr *nlh, const struct gtp_pdp *pdp)
{
	mnl_attr_put_u32(nlh, GTPA_LINK, pdp->ifindex);
	mnl_attr_put_u32(nlh, GTPA_VERSION, GTP_V1);
	mnl_attr_put_u32(nlh, GTPA_I_TEI, pdp->i_tei);
	/* A kernel that does not know the attribute means IPv4. */
	if (!addr_is_v4(&pdp->ms_addr))
		mnl_attr_put_u8(nlh, FAMILY, AF_INET6);
}

static void put_add(struct nlmsghdr *nlh, const void *data)
{
	const struct gtp_pdp *pdp = data;

	put_identity(nlh, pdp);
	mnl_attr_put_u32(nlh, GTPA_O_TEI, pdp->o_tei);
	nl_put_addr(nlh, addr_is_v4(&pdp->ms_addr) ? GTPA_MS_ADDRESS : MS_ADDR6, &pdp->ms_addr);
	nl_put_addr(nlh, addr_is_v4(&pdp->peer) ? PEER_ADDRESS : PEER_ADDR6, &pdp->peer);
}

static void put_delete(struct nlmsghdr *nlh, const void *data)
{
	put_identity(nlh, data);
}

static int request(const struct gtp_pdp *pdp, uint8_t cmd, uint16_t flags,
		   void (*put)(struct nlmsghdr *, const void *), const char *verb, struct err *err)
{
	char what[160], text[ADDR_TEXT_MAX];
	uint16_t family;
	int r = genl_family("gtp", &family, err);

	if (r < 0)
		return r;
	snprintf(what, sizeof(what), "%s the PDP context with TEID 0x%08x, address %s", verb,
		 pdp->i_tei, addr_format(&pdp->ms_addr, text));
	return genl_request(family, cmd, 0, flags, put, pdp, what, err);
}

int gtp_pdp_add(const struct gtp_pdp *pdp, struct err *err)
{
	return request(pdp, GTP_CMD_NEWPDP, NLM_F_EXCL, put_add, "adding", err);
}

int gtp_pdp_delete(const struct gtp_pdp *pdp, struct err *err)
{
	return request(pdp, GTP_CMD_DELPDP, 0, put_delete, "deleting", err);
}
