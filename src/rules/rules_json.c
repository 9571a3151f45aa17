/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "cleanup.h"
#include "clock.h"
#include "gtp5g.h"
#include "json_head.h"
#include "rule_values.h"
#include "rules_show.h"

struct place {
	const struct rules *rules;
	uint64_t netns;
};

static const char *const id_keys[GTP5G_RULE_KINDS] = {"pdr_id", "far_id", "qer_id", "urr_id", "bar_id"};

static void put_u64(struct jw *j, const struct gtp5g_rule *r, uint32_t has, const char *key, uint64_t value)
{
	if (r->has & has)
		jw_u64(j, key, value);
}

static void put_addr(struct jw *j, const struct gtp5g_rule *r, uint32_t has, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	if (r->has & has)
		jw_string(j, key, addr_format(a, text));
}

static void put_ids(struct jw *j, const char *key, const struct gtp5g_ids *ids)
{
	if (!ids->n)
		return;
	jw_array(j, key);
	for (uint32_t i = 0; i < ids->n; i++)
		jw_u64(j, NULL, ids->ids[i]);
	jw_array_end(j);
}

static void put_sdf(struct jw *j, const struct gtp5g_rule *r)
{
	_cleanup_(buf_free) struct buf flow = {0};

	if (!(r->has & GTP5G_HAS_SDF))
		return;
	jw_bool(j, "sdf_filter", true);
	if (!(r->has & GTP5G_HAS_FLOW))
		return;
	rule_flow_text(r, &flow);
	if (!flow.failed)
		jw_string(j, "flow_description", flow.data);
}

static void put_pdr(struct jw *j, const struct place *at, const struct gtp5g_rule *r)
{
	static const char *const directions[] = {NULL, "uplink", "downlink"};
	const struct gtp5g_rule *far =
		r->has & GTP5G_HAS_FAR_ID ? rules_find(at->rules, at->netns, GTP5G_RULE_FAR, r->seid, r->pdr.far_id)
					  : NULL;
	const char *direction = directions[rules_direction(r, far)];

	put_u64(j, r, GTP5G_HAS_PRECEDENCE, "precedence", r->pdr.precedence);
	if (direction)
		jw_string(j, "direction", direction);
	put_addr(j, r, GTP5G_HAS_UE, "ue", &r->pdr.ue);
	put_u64(j, r, GTP5G_HAS_TEID, "teid", r->pdr.teid);
	put_addr(j, r, GTP5G_HAS_LOCAL, "local", &r->pdr.local);
	put_u64(j, r, GTP5G_HAS_REMOVAL, "outer_header_removal", r->pdr.removal);
	put_sdf(j, r);
	if (r->has & GTP5G_HAS_FRAMED_ROUTES)
		jw_bool(j, "framed_routes", true);
	put_u64(j, r, GTP5G_HAS_FAR_ID, "far_id", r->pdr.far_id);
	put_ids(j, "qer_ids", &r->pdr.qers);
	put_ids(j, "urr_ids", &r->pdr.urrs);
}

static void put_far(struct jw *j, const struct gtp5g_rule *r)
{
	put_u64(j, r, GTP5G_HAS_ACTION, "far_action", r->far.action);
	put_addr(j, r, GTP5G_HAS_PEER, "peer", &r->far.peer);
	put_u64(j, r, GTP5G_HAS_TEID, "teid", r->far.teid);
	put_u64(j, r, GTP5G_HAS_PORT, "port", r->far.port);
}

static void put_rate(struct jw *j, const char *key, const struct gtp5g_rate *rate)
{
	uint64_t up = gtp5g_kbps(rate->ul_high, rate->ul_low);
	uint64_t down = gtp5g_kbps(rate->dl_high, rate->dl_low);

	/* The module sends both always; zero is what was never set. */
	if (!up && !down)
		return;
	jw_object(j, key);
	jw_u64(j, "uplink", up);
	jw_u64(j, "downlink", down);
	jw_object_end(j);
}

static void put_qer(struct jw *j, const struct gtp5g_rule *r)
{
	if (r->has & GTP5G_HAS_QFI && r->qer.qfi)
		jw_u64(j, "rule_qfi", r->qer.qfi);
	if (r->has & GTP5G_HAS_GATE) {
		jw_bool(j, "gate_uplink_open", !(r->qer.gate & GTP5G_GATE_UPLINK_CLOSED));
		jw_bool(j, "gate_downlink_open", !(r->qer.gate & GTP5G_GATE_DOWNLINK_CLOSED));
	}
	put_rate(j, "mbr_kbps", &r->qer.mbr);
	put_rate(j, "gbr_kbps", &r->qer.gbr);
}

static void put_volume(struct jw *j, const char *key, const struct gtp5g_volume *v)
{
	jw_object(j, key);
	if (v->flags & GTP5G_VOLUME_TOTAL)
		jw_u64(j, "total", v->total);
	if (v->flags & GTP5G_VOLUME_UPLINK)
		jw_u64(j, "uplink", v->uplink);
	if (v->flags & GTP5G_VOLUME_DOWNLINK)
		jw_u64(j, "downlink", v->downlink);
	jw_object_end(j);
}

/* The module sends a period of 0 where none was set. */
static void put_period(struct jw *j, const struct gtp5g_rule *r)
{
	uint32_t seconds = 0;

	if (rule_period(r, &seconds))
		jw_u64(j, "period_s", seconds);
	if (r->urr.period != seconds)
		jw_u64(j, "period_raw", r->urr.period);
}

static void put_urr(struct jw *j, const struct gtp5g_rule *r)
{
	put_u64(j, r, GTP5G_HAS_METHOD, "method", r->urr.method);
	put_u64(j, r, GTP5G_HAS_TRIGGER, "trigger", r->urr.trigger);
	put_period(j, r);
	if (r->has & GTP5G_HAS_THRESHOLD)
		put_volume(j, "threshold_bytes", &r->urr.threshold);
	if (r->has & GTP5G_HAS_QUOTA)
		put_volume(j, "quota_bytes", &r->urr.quota);
}

static void put_bar(struct jw *j, const struct gtp5g_rule *r)
{
	uint32_t ms;

	if (rule_delay(r, &ms))
		jw_u64(j, "delay_ms", ms);
	else if (r->bar.delay)
		jw_u64(j, "delay_raw", r->bar.delay);
	put_u64(j, r, GTP5G_HAS_COUNT, "packets", r->bar.count);
}

static void put_contents(struct jw *j, const struct place *at, const struct gtp5g_rule *r)
{
	switch (r->kind) {
	case GTP5G_RULE_PDR:
		return put_pdr(j, at, r);
	case GTP5G_RULE_FAR:
		return put_far(j, r);
	case GTP5G_RULE_QER:
		return put_qer(j, r);
	case GTP5G_RULE_URR:
		return put_urr(j, r);
	case GTP5G_RULE_BAR:
		return put_bar(j, r);
	case GTP5G_RULE_KINDS:
		return;
	}
}

/* In the list alone: what polices may change with a QER, and the PDR is as before. */
static void put_policer(struct jw *j, const struct place *at, const struct gtp5g_rule *pdr)
{
	struct gtp5g_qers qers;

	rules_qers(at->rules, at->netns, pdr, &qers);
	if (qers.polices)
		jw_u64(j, "policing_qer_id", qers.policer);
}

static void put_kind(struct jw *j, const struct place *at, enum gtp5g_rule_kind kind)
{
	static const char *const keys[] = {"pdrs", "fars", "qers", "urrs", "bars"};

	jw_array(j, keys[kind]);
	for (const struct rules_item *i = rules_first(at->rules, at->netns, kind); i; i = rules_next(at->rules, i)) {
		const struct gtp5g_rule *r = rules_get(i);

		jw_object(j, NULL);
		jw_id(j, "seid", r->seid);
		jw_u64(j, id_keys[kind], r->id);
		put_contents(j, at, r);
		if (kind == GTP5G_RULE_PDR)
			put_policer(j, at, r);
		jw_object_end(j);
	}
	jw_array_end(j);
}

static void put_place(struct jw *j, const struct rules *t, const struct rules_place *p)
{
	const struct place at = {.rules = t, .netns = p->netns};

	jw_object(j, NULL);
	jw_string(j, "netns", p->name);
	jw_string(j, "interface", p->devices);
	jw_string(j, "version", p->version);
	jw_u64(j, "malformed", p->malformed);
	jw_u64(j, "left_out", p->left_out);
	for (unsigned kind = 0; kind < GTP5G_RULE_KINDS; kind++)
		put_kind(j, &at, kind);
	jw_object_end(j);
}

void rules_json(const struct rules *t, const char *node, struct buf *out)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	json_head_now(&j, node, "rules");
	jw_array(&j, "namespaces");
	for (size_t i = 0; i < rules_places(t); i++)
		put_place(&j, t, rules_place(t, i));
	jw_array_end(&j);
	jw_u64(&j, "ambiguous", rules_ambiguous(t));
	jw_u64(&j, "left_out", rules_left_out(t));
	jw_object_end(&j);
	buf_char(out, '\n');
}

static void put_side(struct jw *j, const struct place *at, const char *key, const struct gtp5g_rule *r)
{
	if (!r)
		return;
	jw_object(j, key);
	put_contents(j, at, r);
	jw_object_end(j);
}

static void put_end(struct jw *j, const char *key, const struct gtp5g_far_rule *far)
{
	char text[ADDR_TEXT_MAX];

	jw_object(j, key);
	jw_string(j, "gnb", addr_format(&far->peer, text));
	jw_u64(j, "teid", far->teid);
	jw_object_end(j);
}

static void put_move(struct jw *j, const struct place *at, const struct rules_change *c)
{
	const struct gtp5g_rule *pdr = rules_pdr_of_far(at->rules, at->netns, c->after);

	if (pdr) {
		jw_u64(j, "pdr_id", pdr->id);
		put_addr(j, pdr, GTP5G_HAS_UE, "ue", &pdr->pdr.ue);
	}
	put_end(j, "old", &c->before->far);
	put_end(j, "new", &c->after->far);
	if (c->event == RULES_HANDOVER && c->cause && c->cause->end_marker_known)
		jw_bool(j, "end_marker", c->cause->end_marker);
}

const char *rules_change_netns(const struct rules *t, const struct rules_change *c)
{
	const struct rules_place *p = rules_place_of(t, c->netns);

	if (p)
		return p->name;
	return c->cause && event_has(c->cause->event, F_NETNS) ? c->cause->event->netns : NULL;
}

/* What the module refused did not become new. */
void rules_contents_json(const struct rules *t, const struct rules_change *c, struct jw *j)
{
	const struct place at = {.rules = t, .netns = c->netns};

	if (rules_is_move(c)) {
		put_move(j, &at, c);
		return;
	}
	put_side(j, &at, "old", c->before);
	put_side(j, &at, c->event == RULES_REFUSED ? "asked" : "new", c->after);
}

static void put_count(struct jw *j, const char *key, const struct event_count *count)
{
	jw_object(j, key);
	jw_u64(j, "packets", count->packets);
	jw_u64(j, "bytes", count->bytes);
	jw_object_end(j);
}

static void put_cause(struct jw *j, const struct rules_cause *cause, uint64_t real_ns)
{
	char time[CLOCK_TEXT_MAX];

	if (!cause)
		return;
	if (cause->counted) {
		put_count(j, "buffered", &cause->buffered);
		put_count(j, "dropped", &cause->dropped);
	}
	if (cause->since_ns)
		jw_string(j, "since", clock_format(real_ns - (cause->event->ts_ns - cause->since_ns), time));
	if (!event_has(cause->event, F_PID))
		return;
	jw_u64(j, "pid", cause->event->pid);
	jw_u64(j, "tgid", cause->event->tgid);
	jw_string(j, "comm", cause->event->comm);
}

void rules_change_json(const struct rules *t, const struct rules_change *c, const struct rules_moment *at,
		       struct buf *out)
{
	const struct gtp5g_rule *r = c->after ? c->after : c->before;
	const char *netns = rules_change_netns(t, c);
	struct jw j = jw_begin(out);
	char time[CLOCK_TEXT_MAX];

	jw_object(&j, NULL);
	json_head(&j, at->node, at->real_ns);
	jw_string(&j, "time", clock_format(at->real_ns, time));
	jw_string(&j, "event", rules_event_names[c->event]);
	if (netns)
		jw_string(&j, "netns", netns);
	jw_string(&j, "rule", rules_kind_names[r->kind]);
	jw_id(&j, "seid", r->seid);
	jw_u64(&j, id_keys[r->kind], r->id);
	rules_contents_json(t, c, &j);
	put_cause(&j, c->cause, at->real_ns);
	jw_object_end(&j);
	buf_char(out, '\n');
}
