/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtp.h"

#include <linux/genetlink.h>
#include <linux/gtp.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

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

static void put_tunnel(struct nlmsghdr *nlh, const struct gtp_pdp *pdp)
{
	mnl_attr_put_u32(nlh, GTPA_O_TEI, pdp->o_tei);
	nl_put_addr(nlh, addr_is_v4(&pdp->ms_addr) ? GTPA_MS_ADDRESS : MS_ADDR6, &pdp->ms_addr);
	nl_put_addr(nlh, addr_is_v4(&pdp->peer) ? PEER_ADDRESS : PEER_ADDR6, &pdp->peer);
}

static int begin_pdp(struct nl_message *m, uint8_t cmd, uint16_t flags, struct err *err)
{
	uint16_t family;
	int r = genl_family("gtp", &family, err);

	if (r < 0)
		return r;
	nl_begin_generic(m, family, cmd, flags);
	return 0;
}

static int send_pdp(struct nl_message *m, const struct gtp_pdp *pdp, const char *verb, struct err *err)
{
	char what[160], text[ADDR_TEXT_MAX];

	snprintf(what, sizeof(what), "%s the PDP context with TEID 0x%08x, address %s", verb, pdp->i_tei,
		 addr_format(&pdp->ms_addr, text));
	return nl_request(m, NULL, NULL, what, err);
}

int gtp_pdp_add(const struct gtp_pdp *pdp, struct err *err)
{
	struct nl_message m;
	int r = begin_pdp(&m, GTP_CMD_NEWPDP, NLM_F_EXCL, err);

	if (r < 0)
		return r;
	put_identity(m.h, pdp);
	put_tunnel(m.h, pdp);
	return send_pdp(&m, pdp, "adding", err);
}

int gtp_pdp_delete(const struct gtp_pdp *pdp, struct err *err)
{
	struct nl_message m;
	int r = begin_pdp(&m, GTP_CMD_DELPDP, 0, err);

	if (r < 0)
		return r;
	put_identity(m.h, pdp);
	return send_pdp(&m, pdp, "deleting", err);
}

struct pdp_visitor {
	void (*visit)(const struct gtp_pdp *pdp, void *data);
	void *data;
};

static void get_addr(const struct nlattr *attr, struct addr *ret)
{
	if (mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
		*ret = addr_from_v4(mnl_attr_get_u32(attr));
	else if (mnl_attr_get_payload_len(attr) == sizeof(ret->b))
		memcpy(ret->b, mnl_attr_get_payload(attr), sizeof(ret->b));
}

static void get_u32(const struct nlattr *attr, uint32_t *ret)
{
	if (mnl_attr_get_payload_len(attr) == sizeof(*ret))
		*ret = mnl_attr_get_u32(attr);
}

static int on_pdp(const struct nlmsghdr *nlh, void *data)
{
	const struct pdp_visitor *v = data;
	const struct nlattr *attr;
	struct gtp_pdp pdp = {0};
	uint32_t version = GTP_V0;

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(struct genlmsghdr)))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case GTPA_LINK:
			get_u32(attr, &pdp.ifindex);
			break;
		case GTPA_VERSION:
			get_u32(attr, &version);
			break;
		case GTPA_I_TEI:
			get_u32(attr, &pdp.i_tei);
			break;
		case GTPA_O_TEI:
			get_u32(attr, &pdp.o_tei);
			break;
		case GTPA_MS_ADDRESS:
		case MS_ADDR6:
			get_addr(attr, &pdp.ms_addr);
			break;
		case PEER_ADDRESS:
		case PEER_ADDR6:
			get_addr(attr, &pdp.peer);
			break;
		}
	}
	if (version == GTP_V1)
		v->visit(&pdp, v->data);
	return MNL_CB_OK;
}

int gtp_pdp_list(void (*visit)(const struct gtp_pdp *pdp, void *data), void *data, struct err *err)
{
	struct pdp_visitor v = {.visit = visit, .data = data};
	struct nl_message m;
	int r = begin_pdp(&m, GTP_CMD_GETPDP, NLM_F_DUMP, err);

	return r < 0 ? r : nl_request(&m, on_pdp, &v, "gtp: listing PDP contexts", err);
}
