/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtp5g.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>

#include "genl.h"
#include "gtp5g_rules.h"
#include "nl.h"

/* gtp5g's attribute space, from its include/genl*.h. Nested attributes need NLA_F_NESTED, which
 * mnl_attr_nest_start() sets. */
enum { CMD_ADD_PDR = 1, CMD_ADD_FAR = 2, CMD_ADD_QER = 3, CMD_ADD_URR = 10, CMD_ADD_BAR };
enum { CMD_DEL_PDR = 4, CMD_DEL_FAR = 5, CMD_DEL_QER = 6, CMD_DEL_URR = 12, CMD_DEL_BAR };
enum { ATTR_LINK = 1, ATTR_ID = 3 };
enum { FAR_APPLY_ACTION = 4, FAR_FORWARDING_PARAMETER = 5, FAR_SEID = 7 };
enum { FORWARDING_OUTER_HEADER_CREATION = 1, FORWARDING_PFCPSM_REQ_FLAGS = 3 };
enum { CREATION_DESCRIPTION = 1, CREATION_O_TEID, CREATION_PEER_IPV4, CREATION_PORT };
enum { QER_GATE = 4, QER_MBR = 5, QER_QFI = 9, QER_SEID = 13 };
enum { MBR_UPLINK_HIGH32 = 1, MBR_UPLINK_LOW8, MBR_DOWNLINK_HIGH32, MBR_DOWNLINK_LOW8 };
enum { PDR_PRECEDENCE = 4, PDR_PDI, PDR_OUTER_HEADER_REMOVAL, PDR_FAR_ID };
enum { PDR_SOCKET_PATH = 9, PDR_QER_ID = 10, PDR_SEID = 11, PDR_URR_ID = 12 };
enum { PDI_UE_IPV4 = 1, PDI_F_TEID = 2, PDI_SDF_FILTER = 3, PDI_SRC_INTF = 4, PDI_FRAMED_ROUTE = 6 };
enum { F_TEID_I_TEID = 1, F_TEID_IPV4 = 2 };
enum { SDF_FLOW_DESCRIPTION = 1 };
enum { FLOW_ACTION = 1, FLOW_DIRECTION, FLOW_PROTOCOL, FLOW_SRC_IPV4, FLOW_SRC_MASK, FLOW_DEST_IPV4 };
enum { FLOW_DEST_MASK = 7 };
enum { FRAMED_ROUTE = 1 };
enum { URR_METHOD = 4, URR_TRIGGER, URR_PERIOD, URR_INFO, URR_SEID, URR_QUOTA = 10 };
enum { QUOTA_FLAGS = 1, QUOTA_TOTAL };
enum { BAR_DELAY = 4, BAR_COUNT, BAR_SEID };

#define CREATION_GTPU_UDP_IPV4 0x0100 /* TS 29.244 8.2.56 */
#define PFCPSM_SNDEM 0x02	      /* TS 29.244 8.2.34 */
#define REMOVAL_GTPU_UDP_IPV4 0	      /* TS 29.244 8.2.64 */

#define FLOW_PERMIT 1
#define FLOW_OUT 2	  /* the one direction that the module looks at, both ways */
#define METHOD_VOLUME 0x2 /* TS 29.244 8.2.40 */
#define PERIOD_S 3600	  /* without one the module does not look at the quota */
#define QUOTA_HAS_TOTAL 0x1

int gtp5g_find(const char *device, struct gtp5g *ret, struct err *err)
{
	char version[GTP5G_VERSION_MAX];
	unsigned major = 0, minor = 0, patch = 0;
	struct gtp5g g = {.ifindex = if_nametoindex(device)};
	int r = genl_family("gtp5g", &g.family, err);

	if (r < 0)
		return r;
	if (!g.ifindex)
		return err_set(err, -ENODEV, "gtp5g: there is no device %s", device);
	r = gtp5g_version(g.family, version, err);
	if (r < 0)
		return r;
	if (sscanf(version, "%3u.%3u.%3u", &major, &minor, &patch) == 3)
		g.no_source_interface = !major && (minor < 9 || (minor == 9 && patch < 2));
	*ret = g;
	return 0;
}

static void put_mbr(struct nlmsghdr *nlh, const struct gtp5g_qer *qer)
{
	struct nlattr *mbr = mnl_attr_nest_start(nlh, QER_MBR);

	mnl_attr_put_u32(nlh, MBR_UPLINK_HIGH32, qer->mbr_uplink >> 8);
	mnl_attr_put_u8(nlh, MBR_UPLINK_LOW8, qer->mbr_uplink & 0xff);
	mnl_attr_put_u32(nlh, MBR_DOWNLINK_HIGH32, qer->mbr_downlink >> 8);
	mnl_attr_put_u8(nlh, MBR_DOWNLINK_LOW8, qer->mbr_downlink & 0xff);
	mnl_attr_nest_end(nlh, mbr);
}

static void put_qer(struct nlmsghdr *nlh, const struct gtp5g_qer *qer)
{
	mnl_attr_put_u32(nlh, ATTR_ID, qer->id);
	mnl_attr_put_u8(nlh, QER_GATE, qer->gate);
	if (qer->mbr_uplink && qer->mbr_downlink)
		put_mbr(nlh, qer);
	mnl_attr_put_u8(nlh, QER_QFI, qer->qfi);
	mnl_attr_put_u64(nlh, QER_SEID, qer->seid);
}

/* All four attributes are required, or the module ignores the encapsulation. */
static void put_creation(struct nlmsghdr *nlh, const struct gtp5g_far *far)
{
	struct nlattr *parameter = mnl_attr_nest_start(nlh, FAR_FORWARDING_PARAMETER);
	struct nlattr *creation = mnl_attr_nest_start(nlh, FORWARDING_OUTER_HEADER_CREATION);

	mnl_attr_put_u16(nlh, CREATION_DESCRIPTION, CREATION_GTPU_UDP_IPV4);
	mnl_attr_put_u32(nlh, CREATION_O_TEID, far->teid);
	nl_put_addr(nlh, CREATION_PEER_IPV4, &far->peer);
	mnl_attr_put_u16(nlh, CREATION_PORT, far->port);
	mnl_attr_nest_end(nlh, creation);
	if (far->end_marker)
		mnl_attr_put_u8(nlh, FORWARDING_PFCPSM_REQ_FLAGS, PFCPSM_SNDEM);
	mnl_attr_nest_end(nlh, parameter);
}

static void put_far(struct nlmsghdr *nlh, const struct gtp5g_far *far)
{
	mnl_attr_put_u32(nlh, ATTR_ID, far->id);
	mnl_attr_put_u16(nlh, FAR_APPLY_ACTION, far->action);
	if (far->encapsulate)
		put_creation(nlh, far);
	mnl_attr_put_u64(nlh, FAR_SEID, far->seid);
}

/* Packets of either direction as they go. The mask's attribute follows the address's; without one it is the whole. */
static void put_flow_end(struct nlmsghdr *nlh, uint16_t address, const struct addr *end)
{
	const uint32_t any = 0;

	if (end && addr_v4(end)) {
		nl_put_addr(nlh, address, end);
		return;
	}
	mnl_attr_put_u32(nlh, address, any);
	mnl_attr_put_u32(nlh, address + 1, any);
}

static void put_sdf(struct nlmsghdr *nlh, const struct gtp5g_pdr *pdr)
{
	struct nlattr *sdf = mnl_attr_nest_start(nlh, PDI_SDF_FILTER);
	struct nlattr *flow = mnl_attr_nest_start(nlh, SDF_FLOW_DESCRIPTION);
	bool uplink = pdr->source == GTP5G_ACCESS;

	mnl_attr_put_u8(nlh, FLOW_ACTION, FLOW_PERMIT);
	mnl_attr_put_u8(nlh, FLOW_DIRECTION, FLOW_OUT);
	mnl_attr_put_u8(nlh, FLOW_PROTOCOL, pdr->protocol);
	put_flow_end(nlh, FLOW_SRC_IPV4, uplink ? NULL : &pdr->remote);
	put_flow_end(nlh, FLOW_DEST_IPV4, uplink ? &pdr->remote : NULL);
	mnl_attr_nest_end(nlh, flow);
	mnl_attr_nest_end(nlh, sdf);
}

static void put_framed_route(struct nlmsghdr *nlh, const char *route)
{
	struct nlattr *routes = mnl_attr_nest_start(nlh, PDI_FRAMED_ROUTE);

	mnl_attr_put_strz(nlh, FRAMED_ROUTE, route);
	mnl_attr_nest_end(nlh, routes);
}

static void put_pdi(struct nlmsghdr *nlh, const struct gtp5g_pdr *pdr, bool source_interface)
{
	struct nlattr *pdi = mnl_attr_nest_start(nlh, PDR_PDI), *f_teid;

	nl_put_addr(nlh, PDI_UE_IPV4, &pdr->ue);
	if (pdr->source == GTP5G_ACCESS) {
		f_teid = mnl_attr_nest_start(nlh, PDI_F_TEID);
		mnl_attr_put_u32(nlh, F_TEID_I_TEID, pdr->teid);
		nl_put_addr(nlh, F_TEID_IPV4, &pdr->local);
		mnl_attr_nest_end(nlh, f_teid);
	}
	/* Without it a downlink PDR counts and polices as uplink. */
	if (source_interface)
		mnl_attr_put_u8(nlh, PDI_SRC_INTF, pdr->source);
	if (pdr->protocol)
		put_sdf(nlh, pdr);
	if (pdr->framed_route)
		put_framed_route(nlh, pdr->framed_route);
	mnl_attr_nest_end(nlh, pdi);
}

static void put_pdr(struct nlmsghdr *nlh, const struct gtp5g_pdr *pdr, bool source_interface)
{
	mnl_attr_put_u16(nlh, ATTR_ID, pdr->id);
	mnl_attr_put_u32(nlh, PDR_PRECEDENCE, pdr->precedence);
	if (pdr->source == GTP5G_ACCESS && !pdr->keeps_outer_header)
		mnl_attr_put_u8(nlh, PDR_OUTER_HEADER_REMOVAL, REMOVAL_GTPU_UDP_IPV4);
	put_pdi(nlh, pdr, source_interface);
	mnl_attr_put_u32(nlh, PDR_FAR_ID, pdr->far_id);
	/* No path of a socket but this one, which means netlink. */
	if (pdr->buffers)
		mnl_attr_put_strz(nlh, PDR_SOCKET_PATH, "/");
	mnl_attr_put_u32(nlh, PDR_QER_ID, pdr->qers[0]);
	if (pdr->qers[1])
		mnl_attr_put_u32(nlh, PDR_QER_ID, pdr->qers[1]);
	if (pdr->urr_id)
		mnl_attr_put_u32(nlh, PDR_URR_ID, pdr->urr_id);
	mnl_attr_put_u64(nlh, PDR_SEID, pdr->seid);
}

static void put_urr(struct nlmsghdr *nlh, const struct gtp5g_urr *urr)
{
	struct nlattr *quota;

	mnl_attr_put_u32(nlh, ATTR_ID, urr->id);
	mnl_attr_put_u8(nlh, URR_METHOD, METHOD_VOLUME);
	mnl_attr_put_u32(nlh, URR_TRIGGER, urr->triggers);
	mnl_attr_put_u32(nlh, URR_PERIOD, PERIOD_S);
	/* Used up, the module sets a bit of it and stops to measure; it is not reset with the quota. */
	mnl_attr_put_u8(nlh, URR_INFO, 0);
	mnl_attr_put_u64(nlh, URR_SEID, urr->seid);
	quota = mnl_attr_nest_start(nlh, URR_QUOTA);
	mnl_attr_put_u8(nlh, QUOTA_FLAGS, QUOTA_HAS_TOTAL);
	mnl_attr_put_u64(nlh, QUOTA_TOTAL, urr->quota);
	mnl_attr_nest_end(nlh, quota);
}

static void put_bar(struct nlmsghdr *nlh, const struct gtp5g_bar *bar)
{
	mnl_attr_put_u8(nlh, ATTR_ID, bar->id);
	mnl_attr_put_u8(nlh, BAR_DELAY, bar->delay);
	mnl_attr_put_u16(nlh, BAR_COUNT, bar->packets);
	mnl_attr_put_u64(nlh, BAR_SEID, bar->seid);
}

struct rule_name {
	const char *kind;
	uint64_t seid;
	uint32_t id;
};

/* The module parses a PDR beginning with the generic header, and only version 0 then looks like an
 * attribute it can skip: version 1 ends in an oops. */
static void begin_rule(struct nl_message *m, const struct gtp5g *g, uint8_t cmd, uint16_t flags)
{
	nl_begin_generic(m, g->family, cmd, flags)->version = 0;
	mnl_attr_put_u32(m->h, ATTR_LINK, g->ifindex);
}

static int send_rule(struct nl_message *m, const struct rule_name *name, struct err *err)
{
	char what[96];

	snprintf(what, sizeof(what), "gtp5g: %s %s %u of session 0x%llx",
		 m->h->nlmsg_flags & NLM_F_REPLACE ? "replacing" : "adding", name->kind, name->id,
		 (unsigned long long)name->seid);
	return nl_request(m, NULL, NULL, what, err);
}

static int request_qer(const struct gtp5g *g, uint16_t flags, const struct gtp5g_qer *qer, struct err *err)
{
	struct nl_message m;

	begin_rule(&m, g, CMD_ADD_QER, flags);
	put_qer(m.h, qer);
	return send_rule(&m, &(struct rule_name){"QER", qer->seid, qer->id}, err);
}

int gtp5g_qer_add(const struct gtp5g *g, const struct gtp5g_qer *qer, struct err *err)
{
	return request_qer(g, NLM_F_EXCL, qer, err);
}

int gtp5g_qer_update(const struct gtp5g *g, const struct gtp5g_qer *qer, struct err *err)
{
	return request_qer(g, NLM_F_REPLACE, qer, err);
}

static int request_far(const struct gtp5g *g, uint16_t flags, const struct gtp5g_far *far, struct err *err)
{
	struct nl_message m;

	begin_rule(&m, g, CMD_ADD_FAR, flags);
	put_far(m.h, far);
	return send_rule(&m, &(struct rule_name){"FAR", far->seid, far->id}, err);
}

int gtp5g_far_add(const struct gtp5g *g, const struct gtp5g_far *far, struct err *err)
{
	return request_far(g, NLM_F_EXCL, far, err);
}

int gtp5g_far_update(const struct gtp5g *g, const struct gtp5g_far *far, struct err *err)
{
	return request_far(g, NLM_F_REPLACE, far, err);
}

static int request_pdr(const struct gtp5g *g, uint16_t flags, const struct gtp5g_pdr *pdr, struct err *err)
{
	struct nl_message m;

	if (!pdr->far_id)
		return err_set(err, -EINVAL, "gtp5g: PDR %u without a FAR: the module would oops", pdr->id);
	begin_rule(&m, g, CMD_ADD_PDR, flags);
	put_pdr(m.h, pdr, !g->no_source_interface);
	return send_rule(&m, &(struct rule_name){"PDR", pdr->seid, pdr->id}, err);
}

int gtp5g_pdr_add(const struct gtp5g *g, const struct gtp5g_pdr *pdr, struct err *err)
{
	return request_pdr(g, NLM_F_EXCL, pdr, err);
}

int gtp5g_pdr_update(const struct gtp5g *g, const struct gtp5g_pdr *pdr, struct err *err)
{
	return request_pdr(g, NLM_F_REPLACE, pdr, err);
}

static int request_urr(const struct gtp5g *g, uint16_t flags, const struct gtp5g_urr *urr, struct err *err)
{
	struct nl_message m;

	begin_rule(&m, g, CMD_ADD_URR, flags);
	put_urr(m.h, urr);
	return send_rule(&m, &(struct rule_name){"URR", urr->seid, urr->id}, err);
}

int gtp5g_urr_add(const struct gtp5g *g, const struct gtp5g_urr *urr, struct err *err)
{
	return request_urr(g, NLM_F_EXCL, urr, err);
}

int gtp5g_urr_update(const struct gtp5g *g, const struct gtp5g_urr *urr, struct err *err)
{
	return request_urr(g, NLM_F_REPLACE, urr, err);
}

int gtp5g_bar_add(const struct gtp5g *g, const struct gtp5g_bar *bar, struct err *err)
{
	struct nl_message m;

	begin_rule(&m, g, CMD_ADD_BAR, NLM_F_EXCL);
	put_bar(m.h, bar);
	return send_rule(&m, &(struct rule_name){"BAR", bar->seid, bar->id}, err);
}

/* Which rule a request to remove one is about. */
struct removal {
	const struct gtp5g *g;
	uint64_t seid;
	uint32_t id;
	uint16_t seid_attr;
	bool short_id;
};

static int remove_rule(const struct removal *r, uint8_t cmd, const char *kind, struct err *err)
{
	struct nl_message m;
	char what[96];

	begin_rule(&m, r->g, cmd, 0);
	if (r->short_id)
		mnl_attr_put_u16(m.h, ATTR_ID, (uint16_t)r->id);
	else
		mnl_attr_put_u32(m.h, ATTR_ID, r->id);
	mnl_attr_put_u64(m.h, r->seid_attr, r->seid);
	snprintf(what, sizeof(what), "gtp5g: removing %s %u of session 0x%llx", kind, r->id,
		 (unsigned long long)r->seid);
	return nl_request(&m, NULL, NULL, what, err);
}

int gtp5g_pdr_remove(const struct gtp5g *g, uint64_t seid, uint16_t id, struct err *err)
{
	return remove_rule(&(struct removal){g, seid, id, PDR_SEID, true}, CMD_DEL_PDR, "PDR", err);
}

int gtp5g_far_remove(const struct gtp5g *g, uint64_t seid, uint32_t id, struct err *err)
{
	return remove_rule(&(struct removal){g, seid, id, FAR_SEID, false}, CMD_DEL_FAR, "FAR", err);
}

int gtp5g_qer_remove(const struct gtp5g *g, uint64_t seid, uint32_t id, struct err *err)
{
	return remove_rule(&(struct removal){g, seid, id, QER_SEID, false}, CMD_DEL_QER, "QER", err);
}

int gtp5g_urr_remove(const struct gtp5g *g, uint64_t seid, uint32_t id, struct err *err)
{
	return remove_rule(&(struct removal){g, seid, id, URR_SEID, false}, CMD_DEL_URR, "URR", err);
}

int gtp5g_bar_remove(const struct gtp5g *g, uint64_t seid, uint8_t id, struct err *err)
{
	return remove_rule(&(struct removal){g, seid, id, BAR_SEID, false}, CMD_DEL_BAR, "BAR", err);
}
