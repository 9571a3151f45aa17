// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rules, one session: SEID 0x5e1d, PDR and FAR ids 1 + outcome uplink and 101 + outcome
 * downlink, QER and URR ids the same, QFI 9; a downlink TEID is that of its uplink + 0x1000. Some PDRs have
 * a QER of the session beside, with 1000 more and no QFI: uplink before the other, downlink behind it. The
 * parameter grant_quota gives every URR its quota again. */
#include <linux/module.h>

#include "standin.h"

#define SEID 0x5e1d
#define QFI 9
#define DOWNLINK_IDS 100
#define DOWNLINK_TEIDS 0x1000
#define SESSION_QERS 1000

static struct rules uplink[outcomes], downlink[outcomes];

static void check_offsets(void)
{
#if !defined STANDIN_SHIFT_SEID && !defined STANDIN_SHIFT_REMOVAL && !defined STANDIN_SHIFT_ACTION
	BUILD_BUG_ON(offsetof(struct pdr, seid) != 48);
	BUILD_BUG_ON(offsetof(struct pdr, id) != 56);
	BUILD_BUG_ON(offsetof(struct pdr, precedence) != 60);
	BUILD_BUG_ON(offsetof(struct pdr, outer_header_removal) != 64);
	BUILD_BUG_ON(offsetof(struct pdr, pdi) != 72);
	BUILD_BUG_ON(offsetof(struct pdr, far_id) != 80);
	BUILD_BUG_ON(offsetof(struct pdr, far) != 88);
	BUILD_BUG_ON(offsetof(struct pdr, qer_num) != 104);
	BUILD_BUG_ON(offsetof(struct pdr, qfi) != 108);
	BUILD_BUG_ON(offsetof(struct pdr, qer_with_rate) != 112);
	BUILD_BUG_ON(offsetof(struct pdr, ul_dl_gate) != 120);
	BUILD_BUG_ON(offsetof(struct pdr, urr_num) != 136);
	BUILD_BUG_ON(offsetof(struct pdr, ul_drop_cnt) != 304);
	BUILD_BUG_ON(offsetof(struct pdr, dl_drop_cnt) != 312);
	BUILD_BUG_ON(offsetof(struct urr, seid) != 16);
	BUILD_BUG_ON(offsetof(struct urr, id) != 24);
	BUILD_BUG_ON(offsetof(struct pdi, srcIntf) != 0);
	BUILD_BUG_ON(offsetof(struct pdi, ue_addr_ipv4) != 8);
	BUILD_BUG_ON(offsetof(struct pdi, f_teid) != 16);
	BUILD_BUG_ON(offsetof(struct local_f_teid, gtpu_addr_ipv4) != 4);
	BUILD_BUG_ON(offsetof(struct far, seid) != 32);
	BUILD_BUG_ON(offsetof(struct far, id) != 40);
	BUILD_BUG_ON(offsetof(struct far, action) != 44);
	BUILD_BUG_ON(offsetof(struct far, seq_number) != 46);
	BUILD_BUG_ON(offsetof(struct far, fwd_param) != 48);
	BUILD_BUG_ON(offsetof(struct forwarding_parameter, hdr_creation) != 0);
	BUILD_BUG_ON(offsetof(struct outer_header_creation, teid) != 4);
	BUILD_BUG_ON(offsetof(struct outer_header_creation, peer_addr_ipv4) != 8);
	BUILD_BUG_ON(offsetof(struct outer_header_creation, port) != 12);
	BUILD_BUG_ON(offsetof(struct gtp5g_pktinfo, iph) != 8);
	BUILD_BUG_ON(offsetof(struct gtp5g_pktinfo, fl4) != 16);
	BUILD_BUG_ON(offsetof(struct gtp5g_pktinfo, fl4.saddr) != 56);
	BUILD_BUG_ON(offsetof(struct gtp5g_pktinfo, fl4.daddr) != 60);
	BUILD_BUG_ON(offsetof(struct gtp5g_pktinfo, hdr_creation) != 80);
	BUILD_BUG_ON(offsetof(struct gtp5g_pktinfo, qfi) != 88);
	BUILD_BUG_ON(offsetof(struct gtp5g_pktinfo, pdu_type) != 89);
	BUILD_BUG_ON(offsetof(struct gtp5g_pktinfo, seq_number) != 90);
	BUILD_BUG_ON(offsetof(struct gtp5g_dev, sk1u) != 16);
	BUILD_BUG_ON(offsetof(struct gtp5g_dev, dev) != 24);
	BUILD_BUG_ON(offsetof(struct gtp5g_dev, role) != 32);
#endif
}

static Color color_of(enum outcome outcome)
{
	switch (outcome) {
	case outcome_yellow:
		return Yellow;
	case outcome_qer_red:
		return Red;
	default:
		return Green;
	}
}

static u16 action_of(enum outcome outcome)
{
	switch (outcome) {
	case outcome_far_drop:
		return FAR_DROP;
	case outcome_buffered:
		return FAR_BUFF;
	default:
		return FAR_FORW;
	}
}

static bool has_session_qer(enum outcome outcome, bool up)
{
	return outcome == outcome_yellow || outcome == outcome_qer_red || (outcome == outcome_gate_closed && up);
}

static void fill_qer(struct rules *r, struct qer *qer, u32 id)
{
	qer->id = id;
	qer->seid = SEID;
	qer->mbr = (struct kbps){.ul_high = 1, .dl_high = 1};
	qer->ul_mbr = qer->dl_mbr = 1 << 8;
	qer->ul_policer = qer->dl_policer = &r->policer;
}

/* As gtp5g: the last QER that has rates polices, the first QFI counts. */
static void write_session_qer(struct rules *r, u32 id, bool up)
{
	fill_qer(r, &r->session_qer, SESSION_QERS + id);
	r->qer_ids[!up] = r->session_qer.id;
	r->qer_ids[up] = r->qer.id;
	r->pdr.qer_num = 2;
	if (!up)
		RCU_INIT_POINTER(r->pdr.qer_with_rate, &r->session_qer);
}

static void write_qers(struct rules *r, enum outcome outcome, u32 id, bool up)
{
	fill_qer(r, &r->qer, id);
	r->qer.qfi = QFI;
	r->policer.scripted = color_of(outcome);
	if (outcome == outcome_gate_closed)
		r->qer.ul_dl_gate = GATE_UL_CLOSED | GATE_DL_CLOSED;
	r->qer_ids[0] = id;
	r->pdr.qer_ids = r->qer_ids;
	r->pdr.qer_num = 1;
	r->pdr.qfi = QFI;
	r->pdr.ul_dl_gate = r->qer.ul_dl_gate;
	RCU_INIT_POINTER(r->pdr.qer_with_rate, &r->qer);
	if (has_session_qer(outcome, up))
		write_session_qer(r, id, up);
}

static void write_far(struct rules *r, enum outcome outcome, u32 id)
{
	r->far_id = r->far.id = id;
	r->far.seid = SEID;
	r->far.action = action_of(outcome);
	r->pdr.far_id = &r->far_id;
	if (outcome != outcome_no_far)
		RCU_INIT_POINTER(r->pdr.far, &r->far);
}

static void write_tunnel(struct rules *r, u32 teid, u32 peer)
{
	r->hdr_creation.description = 256;
	r->hdr_creation.teid = (__force u32)htonl(teid);
	r->hdr_creation.peer_addr_ipv4.s_addr = htonl(peer);
	r->hdr_creation.port = (__force u16)htons(GTPU_UDP_PORT);
	r->fwd_param.hdr_creation = &r->hdr_creation;
	RCU_INIT_POINTER(r->far.fwd_param, &r->fwd_param);
}

static void write_urr(struct rules *r, u32 id)
{
	r->urr_id = r->urr.id = id;
	r->urr.seid = SEID;
	r->pdr.urr_ids = &r->urr_id;
	r->pdr.urr_num = 1;
}

static void write_pdr(struct rules *r, struct net_device *dev, enum outcome outcome, u32 id)
{
	bool up = id <= DOWNLINK_IDS;

	r->pdr.seid = SEID;
	r->pdr.id = id;
	r->pdr.precedence = 255;
	r->pdr.dev = dev;
	r->pdr.pdi = &r->pdi;
	r->pdi.ue_addr_ipv4 = &r->ue;
	r->ue.s_addr = htonl(UE_BASE + outcome);
	write_qers(r, outcome, id, up);
	write_far(r, outcome, id);
	if (outcome == outcome_quota)
		write_urr(r, id);
}

static void write_uplink(struct net_device *dev, enum outcome outcome)
{
	struct rules *r = &uplink[outcome];

	write_pdr(r, dev, outcome, 1 + outcome);
	r->pdi.srcIntf = ACCESS;
	r->pdi.f_teid = &r->f_teid;
	r->f_teid.teid = (__force u32)htonl(TEID_BASE + outcome);
	r->f_teid.gtpu_addr_ipv4.s_addr = htonl(UPF_ADDRESS);
	if (outcome != outcome_no_outer_header_removal)
		r->pdr.outer_header_removal = &r->outer_header_removal;
	if (outcome == outcome_to_n9)
		write_tunnel(r, TEID_BASE + DOWNLINK_TEIDS + outcome, N9_ADDRESS);
	if (outcome == outcome_no_route)
		write_tunnel(r, TEID_BASE + DOWNLINK_TEIDS + outcome, NOWHERE);
}

static void write_downlink(struct net_device *dev, enum outcome outcome)
{
	struct rules *r = &downlink[outcome];
	u32 peer = outcome == outcome_no_route ? NOWHERE : GNB_ADDRESS;

	write_pdr(r, dev, outcome, 1 + DOWNLINK_IDS + outcome);
	r->pdi.srcIntf = CORE;
	if (outcome != outcome_no_ran_address)
		write_tunnel(r, TEID_BASE + DOWNLINK_TEIDS + outcome, peer);
}

void rules_write(struct net_device *dev)
{
	enum outcome outcome;

	check_offsets();
	for (outcome = 0; outcome < outcomes; outcome++) {
		write_uplink(dev, outcome);
		write_downlink(dev, outcome);
	}
	session_write(dev);
}

struct pdr *rules_uplink(u32 teid)
{
	u32 outcome = ntohl((__force __be32)teid) - TEID_BASE;

	return outcome < outcomes && outcome != outcome_no_pdr ? &uplink[outcome].pdr : NULL;
}

struct pdr *rules_downlink(__be32 ue)
{
	u32 outcome = ntohl(ue) - UE_BASE;

	return outcome < outcomes && outcome != outcome_no_pdr ? &downlink[outcome].pdr : NULL;
}

bool rules_backlog_full(const struct pdr *pdr)
{
	return pdr == &uplink[outcome_backlog_full].pdr;
}

struct rules *rules_at(unsigned int i)
{
	if (i < outcomes)
		return &uplink[i];
	return i < 2 * outcomes ? &downlink[i - outcomes] : session_at(i - 2 * outcomes);
}

struct qer *rules_qer(unsigned int i)
{
	struct rules *r = rules_at(i / 2);

	if (i / 2 >= 2 * outcomes)
		return session_qer(i - 4 * outcomes);
	return i % 2 ? &r->session_qer : &r->qer;
}

/* gtp5g's, by which its netlink requests find a rule. */
KEPT struct pdr *find_pdr_by_id(struct gtp5g_dev *gtp, u64 seid, u16 id)
{
	struct rules *r;
	unsigned int i;

	for (i = 0; (r = rules_at(i)); i++)
		if (r->pdr.seid == seid && r->pdr.id == id)
			return &r->pdr;
	return NULL;
}

/* The same, and a packet's way to its URRs. */
KEPT struct urr *find_urr_by_id(struct gtp5g_dev *gtp, u64 seid, u32 id)
{
	struct rules *r;
	unsigned int i;

	for (i = 0; (r = rules_at(i)); i++)
		if (r->urr.seid == seid && r->urr.id == id)
			return &r->urr;
	return NULL;
}

static struct rules *rules_of_urr(struct urr *urr)
{
	return container_of(urr, struct rules, urr);
}

KEPT void urr_quota_exhaust_action(struct urr *urr, struct gtp5g_dev *gtp)
{
	urr->quota_exhausted = true;
	rules_of_urr(urr)->far.action = FAR_DROP;
}

KEPT void urr_reverse_quota_exhaust_action(struct urr *urr, struct gtp5g_dev *gtp)
{
	urr->quota_exhausted = false;
	rules_of_urr(urr)->far.action = FAR_FORW;
}

void rules_forwarded(struct pdr *pdr, struct gtp5g_dev *gtp)
{
	struct urr *urr = pdr->urr_num ? find_urr_by_id(gtp, pdr->seid, pdr->urr_ids[0]) : NULL;

	if (urr && !urr->quota_exhausted)
		urr_quota_exhaust_action(urr, gtp);
}

/* As a request that replaces the URR does: it looks the URR up. */
static void grant(struct rules *r)
{
	struct gtp5g_dev *gtp = netdev_priv(r->pdr.dev);
	struct urr *urr = find_urr_by_id(gtp, r->urr.seid, r->urr.id);

	if (urr && urr->quota_exhausted)
		urr_reverse_quota_exhaust_action(urr, gtp);
}

static int grant_quota(const char *value, const struct kernel_param *param)
{
	grant(&uplink[outcome_quota]);
	grant(&downlink[outcome_quota]);
	return 0;
}

static const struct kernel_param_ops grant_ops = {.set = grant_quota};
module_param_cb(grant_quota, &grant_ops, NULL, 0200);
