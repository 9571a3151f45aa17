/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "why_find.h"

#include <string.h>

#include "gtp5g.h"
#include "gtp5g_qers.h"

static const struct gtp5g_rule *far_of(const struct rules *rules, uint64_t netns, const struct gtp5g_rule *pdr)
{
	if (!(pdr->has & GTP5G_HAS_FAR_ID))
		return NULL;
	return rules_find(rules, netns, GTP5G_RULE_FAR, pdr->seid, pdr->pdr.far_id);
}

static bool fits(const struct rules *rules, uint64_t netns, const struct gtp5g_rule *pdr, const struct why_question *q)
{
	const struct gtp5g_rule *far;

	if (q->by_ue)
		return pdr->has & GTP5G_HAS_UE && addr_equal(&pdr->pdr.ue, &q->ue);
	if (pdr->has & GTP5G_HAS_TEID && pdr->pdr.teid == q->teid)
		return true;
	far = far_of(rules, netns, pdr);
	return far && far->has & GTP5G_HAS_TEID && far->far.teid == q->teid;
}

static void take_far(const struct gtp5g_rule *far, struct why_pdr *p)
{
	p->far_found = true;
	p->far_action = far->far.action;
	p->has_peer = far->has & GTP5G_HAS_PEER;
	p->peer = far->far.peer;
	p->peer_teid = far->far.teid;
}

static uint64_t mbr_of(const struct gtp5g_rule *qer, enum why_way way)
{
	const struct gtp5g_rate *r = &qer->qer.mbr;

	return way == WHY_UPLINK ? gtp5g_kbps(r->ul_high, r->ul_low) : gtp5g_kbps(r->dl_high, r->dl_low);
}

static void take_qer(const struct gtp5g_rule *qer, struct why_pdr *p)
{
	p->qer_found = true;
	p->qer_id = qer->id;
	p->gate = qer->qer.gate;
	p->mbr_uplink = mbr_of(qer, WHY_UPLINK);
	p->mbr_downlink = mbr_of(qer, WHY_DOWNLINK);
}

/* Whose gate the packets find closed, else who polices them, else the PDR's first. */
static uint32_t qer_met(const struct gtp5g_qers *qers, const struct gtp5g_rule *pdr, enum why_way way)
{
	uint8_t closed = way == WHY_UPLINK ? GTP5G_GATE_UPLINK_CLOSED : GTP5G_GATE_DOWNLINK_CLOSED;

	if (qers->gate & closed)
		return way == WHY_UPLINK ? qers->uplink_closer : qers->downlink_closer;
	return qers->polices ? qers->policer : pdr->pdr.qers.ids[0];
}

/* A PDR has the QER of its session and that of its QoS flow, in either order. */
static void take_qers(const struct rules *rules, uint64_t netns, const struct gtp5g_rule *pdr, struct why_pdr *p)
{
	struct gtp5g_qers qers;
	const struct gtp5g_rule *met;

	if (!pdr->pdr.qers.n)
		return;
	rules_qers(rules, netns, pdr, &qers);
	p->has_qer = true;
	p->qfi = qers.qfi;
	p->qer_id = qer_met(&qers, pdr, p->way);
	met = rules_find(rules, netns, GTP5G_RULE_QER, pdr->seid, p->qer_id);
	if (met)
		take_qer(met, p);
}

static void take_pdr(const struct rules *rules, uint64_t netns, const struct gtp5g_rule *pdr, struct why_session *s)
{
	const struct gtp5g_rule *far = far_of(rules, netns, pdr);
	struct why_pdr *p;

	if (pdr->has & GTP5G_HAS_UE && !s->has_ue) {
		s->has_ue = true;
		s->ue = pdr->pdr.ue;
	}
	if (s->n == WHY_PDRS_MAX) {
		s->left_out++;
		return;
	}
	p = &s->pdrs[s->n++];
	p->way = rules_direction(pdr, far) == RULES_DOWNLINK ? WHY_DOWNLINK : WHY_UPLINK;
	p->id = (uint16_t)pdr->id;
	p->has_teid = pdr->has & GTP5G_HAS_TEID;
	p->teid = pdr->pdr.teid;
	p->local = pdr->pdr.local;
	p->removes_header = pdr->has & GTP5G_HAS_REMOVAL;
	p->has_far = pdr->has & GTP5G_HAS_FAR_ID;
	p->far_id = pdr->pdr.far_id;
	if (far)
		take_far(far, p);
	take_qers(rules, netns, pdr, p);
}

bool why_find(const struct rules *rules, uint64_t netns, const struct why_question *q, struct why_session *ret)
{
	struct why_session s = {.has_seid = true};
	uint64_t last = 0;

	for (const struct rules_item *i = rules_first(rules, netns, GTP5G_RULE_PDR); i; i = rules_next(rules, i)) {
		const struct gtp5g_rule *pdr = rules_get(i);

		if (!fits(rules, netns, pdr, q))
			continue;
		if (!s.known)
			s.seid = pdr->seid;
		else if (pdr->seid != s.seid && pdr->seid != last)
			s.others++;
		s.known = true;
		last = pdr->seid;
	}
	if (!s.known)
		return false;
	for (const struct rules_item *i = rules_first(rules, netns, GTP5G_RULE_PDR); i; i = rules_next(rules, i))
		if (rules_get(i)->seid == s.seid)
			take_pdr(rules, netns, rules_get(i), &s);
	*ret = s;
	return true;
}

/* Of an IPv6 UE the context has the prefix alone. */
static bool same_ue(const struct addr *ms, const struct addr *ue)
{
	if (addr_is_v4(ms) || addr_is_v4(ue))
		return addr_equal(ms, ue);
	return !memcmp(ms->b, ue->b, 8);
}

bool why_find_pdp(const struct gtp_pdp *pdp, const struct why_question *q, struct why_session *s)
{
	if (q->by_ue ? !same_ue(&pdp->ms_addr, &q->ue) : pdp->i_tei != q->teid && pdp->o_tei != q->teid)
		return false;
	/* The two address families of a UE share their TEIDs. */
	if (!s->has_ue && (q->by_ue || addr_is_v4(&pdp->ms_addr))) {
		s->has_ue = true;
		s->ue = q->by_ue ? q->ue : pdp->ms_addr;
	}
	if (s->known) {
		s->others += s->pdrs[0].teid != pdp->i_tei;
		return true;
	}
	s->known = true;
	s->pdrs[0] = (struct why_pdr){.way = WHY_UPLINK, .has_teid = true, .teid = pdp->i_tei};
	s->pdrs[1] =
		(struct why_pdr){.way = WHY_DOWNLINK, .has_peer = true, .peer = pdp->peer, .peer_teid = pdp->o_tei};
	s->n = 2;
	return true;
}
