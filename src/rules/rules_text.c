/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "gtp5g.h"
#include "plural.h"
#include "rule_values.h"
#include "rules_show.h"

const char *const rules_kind_names[GTP5G_RULE_KINDS] = {"PDR", "FAR", "QER", "URR", "BAR"};
const char *const rules_event_names[] = {"created", "removed", "changed", "handover", "resumed", "refused"};

/* "forward to 10.100.1.1 TEID 0x00010001", "buffer+notify", "drop". */
static void put_action(const struct gtp5g_rule *r, struct buf *out)
{
	static const char *const words[] = {"drop", "forward", "buffer", "notify", "duplicate"};
	unsigned rest = r->far.action >> ARRAY_SIZE(words) << ARRAY_SIZE(words);
	char peer[ADDR_TEXT_MAX];
	const char *plus = "";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!(r->far.action >> i & 1))
			continue;
		buf_printf(out, "%s%s", plus, words[i]);
		plus = "+";
	}
	if (rest || !r->far.action)
		buf_printf(out, "%s0x%x", plus, rest);
	if (r->has & GTP5G_HAS_PEER)
		buf_printf(out, " to %s", addr_format(&r->far.peer, peer));
	if (r->has & GTP5G_HAS_TEID)
		buf_printf(out, " TEID 0x%08x", r->far.teid);
}

static void put_bits(uint64_t kbps, struct buf *out)
{
	if (kbps % 1000000 == 0 && kbps)
		buf_printf(out, "%" PRIu64 "G", kbps / 1000000);
	else if (kbps % 1000 == 0 && kbps)
		buf_printf(out, "%" PRIu64 "M", kbps / 1000);
	else
		buf_printf(out, "%" PRIu64 "k", kbps);
}

static void put_mbr(const struct gtp5g_rule *r, struct buf *out)
{
	uint64_t up = gtp5g_kbps(r->qer.mbr.ul_high, r->qer.mbr.ul_low);
	uint64_t down = gtp5g_kbps(r->qer.mbr.dl_high, r->qer.mbr.dl_low);

	if (!up && !down)
		return;
	buf_str(out, " MBR ");
	put_bits(up, out);
	buf_char(out, '/');
	put_bits(down, out);
}

static void put_qer(const struct gtp5g_rule *r, struct buf *out)
{
	static const char *const gates[] = {"open", "downlink closed", "uplink closed", "closed"};
	unsigned gate = !!(r->qer.gate & GTP5G_GATE_DOWNLINK_CLOSED) + 2 * !!(r->qer.gate & GTP5G_GATE_UPLINK_CLOSED);

	if (r->qer.qfi)
		buf_printf(out, " QFI %u", r->qer.qfi);
	put_mbr(r, out);
	if (r->has & GTP5G_HAS_GATE)
		buf_printf(out, " gate %s", gates[gate]);
}

static void put_sdf(const char *before, const struct gtp5g_rule *r, struct buf *out)
{
	if (!(r->has & GTP5G_HAS_SDF))
		return;
	buf_printf(out, "%sSDF ", before);
	if (r->has & GTP5G_HAS_FLOW)
		rule_flow_text(r, out);
	else
		buf_str(out, "without a flow");
}

static void put_pdr(const struct gtp5g_rule *r, struct buf *out)
{
	char ue[ADDR_TEXT_MAX], local[ADDR_TEXT_MAX];

	buf_printf(out, "precedence %u", r->pdr.precedence);
	if (r->has & GTP5G_HAS_UE)
		buf_printf(out, " UE %s", addr_format(&r->pdr.ue, ue));
	if (r->has & GTP5G_HAS_TEID)
		buf_printf(out, " F-TEID 0x%08x", r->pdr.teid);
	if (r->has & GTP5G_HAS_LOCAL)
		buf_printf(out, "@%s", addr_format(&r->pdr.local, local));
	if (r->has & GTP5G_HAS_FAR_ID)
		buf_printf(out, " FAR %u", r->pdr.far_id);
	for (uint32_t i = 0; i < r->pdr.qers.n; i++)
		buf_printf(out, " QER %u", r->pdr.qers.ids[i]);
	for (uint32_t i = 0; i < r->pdr.urrs.n; i++)
		buf_printf(out, " URR %u", r->pdr.urrs.ids[i]);
	put_sdf(" ", r, out);
}

static void put_volume(const char *what, const struct gtp5g_volume *v, struct buf *out)
{
	buf_printf(out, " %s", what);
	if (v->flags & GTP5G_VOLUME_TOTAL)
		buf_printf(out, " total %" PRIu64, v->total);
	if (v->flags & GTP5G_VOLUME_UPLINK)
		buf_printf(out, " uplink %" PRIu64, v->uplink);
	if (v->flags & GTP5G_VOLUME_DOWNLINK)
		buf_printf(out, " downlink %" PRIu64, v->downlink);
	buf_str(out, " bytes");
}

static void put_urr(const struct gtp5g_rule *r, struct buf *out)
{
	uint32_t seconds;

	buf_printf(out, "method 0x%x trigger 0x%x", r->urr.method, r->urr.trigger);
	if (rule_period(r, &seconds))
		buf_printf(out, " period %u s", seconds);
	else if (r->urr.period)
		buf_printf(out, " period %u of an unknown unit", r->urr.period);
	if (r->has & GTP5G_HAS_THRESHOLD)
		put_volume("threshold", &r->urr.threshold, out);
	if (r->has & GTP5G_HAS_QUOTA)
		put_volume("quota", &r->urr.quota, out);
}

static void put_bar(const struct gtp5g_rule *r, struct buf *out)
{
	uint32_t ms;

	if (rule_delay(r, &ms))
		buf_printf(out, "delay %u ms, ", ms);
	else if (r->bar.delay)
		buf_printf(out, "delay %u of an unknown unit, ", r->bar.delay);
	buf_printf(out, "%u packet%s", r->bar.count, plural(r->bar.count));
}

static void put_rule(const struct gtp5g_rule *r, struct buf *out)
{
	if (r->has == GTP5G_HAS_ID) /* a request's, of which the rest is not known */
		return;
	switch (r->kind) {
	case GTP5G_RULE_PDR:
		return put_pdr(r, out);
	case GTP5G_RULE_FAR:
		return put_action(r, out);
	case GTP5G_RULE_QER:
		return put_qer(r, out);
	case GTP5G_RULE_URR:
		return put_urr(r, out);
	case GTP5G_RULE_BAR:
		return put_bar(r, out);
	case GTP5G_RULE_KINDS:
		return;
	}
}

/* The text marks the QER that polices. */
static void put_row_qers(const struct rules *t, uint64_t netns, const struct gtp5g_rule *pdr, struct buf *out)
{
	struct gtp5g_qers qers;

	rules_qers(t, netns, pdr, &qers);
	for (uint32_t i = 0; i < pdr->pdr.qers.n; i++) {
		uint32_t id = pdr->pdr.qers.ids[i];
		const struct gtp5g_rule *qer = rules_find(t, netns, GTP5G_RULE_QER, pdr->seid, id);

		buf_printf(out, "; QER %u:", id);
		if (qer)
			put_qer(qer, out);
		else
			buf_str(out, " is missing");
		if (pdr->pdr.qers.n > 1 && qers.polices && qers.policer == id)
			buf_str(out, ", polices");
	}
}

static void put_row_rules(const struct rules *t, uint64_t netns, const struct gtp5g_rule *pdr,
			  const struct gtp5g_rule *far, struct buf *out)
{
	if (pdr->has & GTP5G_HAS_FAR_ID)
		buf_printf(out, " FAR %u: ", pdr->pdr.far_id);
	if (far)
		put_action(far, out);
	else
		buf_str(out, pdr->has & GTP5G_HAS_FAR_ID ? "is missing" : " no FAR");
	put_row_qers(t, netns, pdr, out);
	for (uint32_t i = 0; i < pdr->pdr.urrs.n; i++)
		buf_printf(out, "; URR %u", pdr->pdr.urrs.ids[i]);
	put_sdf("; ", pdr, out);
}

static void put_row(const struct rules *t, uint64_t netns, const struct gtp5g_rule *pdr, struct buf *out)
{
	static const char *const directions[] = {"?", "uplink", "downlink"};
	const struct gtp5g_rule *far =
		pdr->has & GTP5G_HAS_FAR_ID ? rules_find(t, netns, GTP5G_RULE_FAR, pdr->seid, pdr->pdr.far_id) : NULL;
	char ue[ADDR_TEXT_MAX] = "-", local[ADDR_TEXT_MAX], teid[ADDR_TEXT_MAX + 16] = "-";
	char seid[24];

	if (pdr->has & GTP5G_HAS_UE)
		addr_format(&pdr->pdr.ue, ue);
	if (pdr->has & GTP5G_HAS_TEID)
		snprintf(teid, sizeof(teid), "0x%08x@%s", pdr->pdr.teid, addr_format(&pdr->pdr.local, local));
	snprintf(seid, sizeof(seid), "0x%" PRIx64, pdr->seid);
	buf_printf(out, "%-12s %5u %5u %-8s %-15s %-26s %-6s", seid, pdr->id, pdr->pdr.precedence,
		   directions[rules_direction(pdr, far)], ue, teid, pdr->has & GTP5G_HAS_REMOVAL ? "yes" : "no");
	put_row_rules(t, netns, pdr, far, out);
	buf_char(out, '\n');
}

static size_t count(const struct rules *t, uint64_t netns, enum gtp5g_rule_kind kind)
{
	size_t n = 0;

	for (const struct rules_item *i = rules_first(t, netns, kind); i; i = rules_next(t, i))
		n++;
	return n;
}

static void put_place(const struct rules *t, const struct rules_place *p, struct buf *out)
{
	escape_text(out, p->name);
	buf_char(out, ' ');
	escape_text(out, p->devices);
	buf_str(out, " (gtp5g ");
	escape_text(out, p->version);
	buf_str(out, "):");
	for (unsigned kind = 0; kind < GTP5G_RULE_KINDS; kind++)
		buf_printf(out, " %zu %ss", count(t, p->netns, kind), rules_kind_names[kind]);
	if (p->malformed || p->left_out)
		buf_printf(out, "; %zu not understood, %zu left out", p->malformed, p->left_out);
	buf_printf(out, "\n%-12s %5s %5s %-8s %-15s %-26s %-6s %s\n", "SEID", "PDR", "PREC", "DIR", "UE", "F-TEID",
		   "REMOVE", "FAR; QER; URR; SDF");
	for (const struct rules_item *i = rules_first(t, p->netns, GTP5G_RULE_PDR); i; i = rules_next(t, i))
		put_row(t, p->netns, rules_get(i), out);
}

void rules_text(const struct rules *t, struct buf *out)
{
	for (size_t i = 0; i < rules_places(t); i++)
		put_place(t, rules_place(t, i), out);
	if (rules_ambiguous(t))
		buf_printf(out,
			   "%zu rules of another gtp5g device of the same namespace have the same "
			   "SEID and number: the module does not tell which is whose\n",
			   rules_ambiguous(t));
}

static void put_ue(const struct rules *t, const struct rules_change *c, struct buf *out)
{
	const struct gtp5g_rule *pdr = rules_pdr_of_far(t, c->netns, c->after);
	char ue[ADDR_TEXT_MAX];

	if (pdr && pdr->has & GTP5G_HAS_UE)
		buf_printf(out, "UE %s ", addr_format(&pdr->pdr.ue, ue));
}

/* The tunnel of an idle UE was given up before: no End Marker is due. */
static void put_handover(const struct rules *t, const struct rules_change *c, struct buf *out)
{
	const struct gtp5g_far_rule *old = &c->before->far, *new = &c->after->far;
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];

	put_ue(t, c, out);
	buf_printf(out, "from %s TEID 0x%08x to %s TEID 0x%08x", addr_format(&old->peer, from), old->teid,
		   addr_format(&new->peer, to), new->teid);
	if (!c->cause || !c->cause->end_marker_known)
		return;
	if (c->cause->end_marker)
		buf_str(out, ", an End Marker sent");
	else if (!(old->action & GTP5G_ACTION_NOCP))
		buf_str(out, ", no End Marker sent");
}

static void put_resumed(const struct rules *t, const struct rules_change *c, struct buf *out)
{
	char gnb[ADDR_TEXT_MAX];

	put_ue(t, c, out);
	buf_printf(out, "at %s TEID 0x%08x (paging or service request)", addr_format(&c->after->far.peer, gnb),
		   c->after->far.teid);
}

/* The task that asked for it, and what the FAR did since its change before. */
static void put_cause(const struct rules_change *c, struct buf *out)
{
	const struct rules_cause *cause = c->cause;

	if (!cause)
		return;
	if (cause->counted && (rules_is_move(c) || cause->buffered.packets || cause->dropped.packets))
		buf_printf(out, "; %" PRIu64 " packet%s kept by the UPF, %" PRIu64 " dropped", cause->buffered.packets,
			   plural(cause->buffered.packets), cause->dropped.packets);
	if (!event_has(cause->event, F_PID))
		return;
	buf_str(out, " (");
	escape_text(out, cause->event->comm);
	buf_printf(out, ", pid %u)", cause->event->tgid);
}

void rules_contents_text(const struct rules *t, const struct rules_change *c, struct buf *out)
{
	if (c->event == RULES_HANDOVER)
		return put_handover(t, c, out);
	if (c->event == RULES_RESUMED)
		return put_resumed(t, c, out);
	if (c->before)
		put_rule(c->before, out);
	if (c->event == RULES_CHANGED || (c->event == RULES_REFUSED && c->after))
		buf_str(out, " -> ");
	if (c->after)
		put_rule(c->after, out);
}

void rules_change_text(const struct rules *t, const struct rules_change *c, uint64_t real_ns, struct buf *out)
{
	const struct gtp5g_rule *r = c->after ? c->after : c->before;
	const char *netns = rules_change_netns(t, c);
	char time[CLOCK_TEXT_MAX];

	buf_printf(out, "%s ", clock_format(real_ns, time));
	escape_text(out, netns ? netns : "-");
	buf_printf(out, " %s: %s %u of 0x%" PRIx64 ": ", rules_event_names[c->event], rules_kind_names[r->kind], r->id,
		   r->seid);
	rules_contents_text(t, c, out);
	put_cause(c, out);
	buf_char(out, '\n');
}
