/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtp5g_session.h"

#include "cleanup.h"
#include "gtp5g_rules.h"

#define SEID_BASE 0x1000
#define PRECEDENCE 255
#define SESSION_KBPS 1000000
#define FLOW_KBPS 50000

enum { QER_ID = 1, FAR_UPLINK = 1, FAR_DOWNLINK = 2, PDR_UPLINK = 1, PDR_DOWNLINK = 2 };

static struct gtp5g_far far_without_peer(uint64_t seid, uint32_t id)
{
	return (struct gtp5g_far){.seid = seid, .id = id, .action = GTP5G_ACTION_FORW};
}

static struct gtp5g_far far_to_gnb(const struct lab_plan *plan, const struct lab_ue *ue, uint64_t seid, uint32_t id)
{
	struct gtp5g_far far = far_without_peer(seid, id);

	far.encapsulate = true;
	far.teid = ue->teid_downlink;
	far.peer = plan->gnbs[ue->gnb - 1].n3_address;
	far.port = LAB_PORT_GTPU;
	return far;
}

static struct gtp5g_pdr pdr_of(const struct lab_plan *plan, const struct lab_ue *ue, uint64_t seid, bool downlink)
{
	return (struct gtp5g_pdr){
		.seid = seid,
		.precedence = PRECEDENCE,
		.source = downlink ? GTP5G_CORE : GTP5G_ACCESS,
		.ue = ue->address,
		.teid = ue->teid_uplink,
		.local = plan->gnbs[ue->gnb - 1].upf_n3_address,
	};
}

static int add_simple_pdrs(const struct gtp5g *g, const struct lab_plan *plan, const struct lab_ue *ue, struct err *err)
{
	uint64_t seid = SEID_BASE + ue->index;
	struct gtp5g_pdr uplink = pdr_of(plan, ue, seid, false), downlink = pdr_of(plan, ue, seid, true);
	int r;

	uplink.id = PDR_UPLINK;
	uplink.far_id = FAR_UPLINK;
	downlink.id = PDR_DOWNLINK;
	downlink.far_id = FAR_DOWNLINK;
	uplink.qers[0] = downlink.qers[0] = QER_ID;
	r = gtp5g_pdr_add(g, &uplink, err);
	return r < 0 ? r : gtp5g_pdr_add(g, &downlink, err);
}

static int add_simple(const struct gtp5g *g, const struct lab_plan *plan, const struct lab_ue *ue, struct err *err)
{
	uint64_t seid = SEID_BASE + ue->index;
	const struct gtp5g_qer qer = {.seid = seid, .id = QER_ID, .qfi = lab_flow_qfi(plan, 1)};
	const struct gtp5g_far uplink = far_without_peer(seid, FAR_UPLINK);
	const struct gtp5g_far downlink = far_to_gnb(plan, ue, seid, FAR_DOWNLINK);
	int r = gtp5g_qer_add(g, &qer, err);

	if (r >= 0)
		r = gtp5g_far_add(g, &uplink, err);
	if (r >= 0)
		r = gtp5g_far_add(g, &downlink, err);
	return r < 0 ? r : add_simple_pdrs(g, plan, ue, err);
}

static struct gtp5g_pdr planned_pdr(const struct lab_plan *plan, const struct lab_ue *ue, const struct lab_pdr *planned)
{
	struct gtp5g_pdr pdr = pdr_of(plan, ue, ue->index, planned->downlink);

	pdr.id = (uint16_t)planned->id;
	pdr.precedence = planned->precedence;
	pdr.far_id = planned->id;
	for (size_t i = 0; i < ARRAY_SIZE(pdr.qers); i++)
		pdr.qers[i] = planned->qers[i];
	pdr.buffers = true;
	/* A session without a flow rule has no filter. */
	if (plan->options.flows > 1)
		pdr.protocol = GTP5G_FLOW_ANY_PROTOCOL;
	pdr.remote = planned->remote;
	return pdr;
}

/* For each planned PDR of the UE, flow by flow, the uplink's first. */
static int for_each_pdr(const struct gtp5g *g, const struct lab_plan *plan, const struct lab_ue *ue,
			int (*make)(const struct gtp5g *g, const struct gtp5g_pdr *pdr, struct err *err),
			struct err *err)
{
	int r = 0;

	for (unsigned i = 0; r >= 0 && i < 2 * plan->options.flows; i++) {
		const struct lab_pdr planned = lab_plan_pdr(plan, ue, 1 + i / 2, i % 2);
		const struct gtp5g_pdr pdr = planned_pdr(plan, ue, &planned);

		r = make(g, &pdr, err);
	}
	return r;
}

static int add_far_of(const struct gtp5g *g, const struct gtp5g_pdr *pdr, struct err *err)
{
	const struct gtp5g_far far = far_without_peer(pdr->seid, pdr->far_id);

	return gtp5g_far_add(g, &far, err);
}

/* Its PDR is asked for again as it is. */
static int repeat_downlink_pdr(const struct gtp5g *g, const struct gtp5g_pdr *pdr, struct err *err)
{
	return pdr->source == GTP5G_CORE ? gtp5g_pdr_update(g, pdr, err) : 0;
}

/* The session's, which has the one QFI, and one for each flow: without rates, or that of a rule with its own QFI. */
static int add_qers(const struct gtp5g *g, const struct lab_plan *plan, const struct lab_ue *ue, struct err *err)
{
	const struct lab_pdr first = lab_plan_pdr(plan, ue, 1, false);
	struct gtp5g_qer qer = {.seid = ue->index,
				.id = first.qers[1],
				.qfi = lab_flow_qfi(plan, 1),
				.mbr_uplink = SESSION_KBPS,
				.mbr_downlink = SESSION_KBPS};
	int r = gtp5g_qer_add(g, &qer, err);

	for (unsigned f = 1; r >= 0 && f <= plan->options.flows; f++) {
		qer.id = first.qers[1] + f;
		qer.qfi = (uint8_t)(lab_flow_qfi(plan, 1) + f - 1);
		qer.mbr_uplink = qer.mbr_downlink = f > 1 ? FLOW_KBPS : 0;
		r = gtp5g_qer_add(g, &qer, err);
	}
	return r;
}

/* What the gNB's answer to the SMF brings about. */
static int add_peers(const struct gtp5g *g, const struct lab_plan *plan, const struct lab_ue *ue, struct err *err)
{
	int r = 0;

	for (unsigned f = 1; r >= 0 && f <= plan->options.flows; f++) {
		const struct gtp5g_far far = far_to_gnb(plan, ue, ue->index, lab_plan_pdr(plan, ue, f, true).id);

		r = gtp5g_far_update(g, &far, err);
	}
	return r < 0 ? r : for_each_pdr(g, plan, ue, repeat_downlink_pdr, err);
}

static int add_free5gc(const struct gtp5g *g, const struct lab_plan *plan, const struct lab_ue *ue, struct err *err)
{
	int r = for_each_pdr(g, plan, ue, add_far_of, err);

	if (r >= 0)
		r = add_qers(g, plan, ue, err);
	if (r >= 0)
		r = for_each_pdr(g, plan, ue, gtp5g_pdr_add, err);
	return r < 0 ? r : add_peers(g, plan, ue, err);
}

int lab_gtp5g_session_add(const struct gtp5g *g, const struct lab_plan *plan, const struct lab_ue *ue, struct err *err)
{
	return plan->core->flow_rules ? add_free5gc(g, plan, ue, err) : add_simple(g, plan, ue, err);
}
