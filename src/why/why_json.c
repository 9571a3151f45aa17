/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cleanup.h"
#include "json_head.h"
#include "why_cli.h"
#include "why_internal.h"

static void put_addr(struct jw *j, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	jw_string(j, key, addr_format(a, text));
}

static void put_pdr(const struct why_facts *f, enum why_way way, struct jw *j)
{
	const struct why_counts *c = &f->seen.ways[way];
	const struct why_pdr *p = why_pdr_of(&f->session, way, c->has_rule, c->pdr_id);

	if (!p)
		return;
	jw_object(j, "rule");
	if (f->session.has_seid) {
		jw_id(j, "seid", f->session.seid);
		jw_u64(j, "pdr_id", p->id);
	}
	if (p->has_teid)
		jw_u64(j, "teid", p->teid);
	if (p->has_far)
		jw_u64(j, "far_id", p->far_id);
	if (p->far_found)
		jw_u64(j, "far_action", p->far_action);
	if (p->has_peer) {
		put_addr(j, "peer", &p->peer);
		jw_u64(j, "peer_teid", p->peer_teid);
	}
	if (p->has_qer)
		jw_u64(j, "qer_id", p->qer_id);
	if (p->qer_found) {
		jw_u64(j, "rule_qfi", p->qfi);
		jw_u64(j, "gate", p->gate);
		jw_u64(j, "mbr_uplink_kbps", p->mbr_uplink);
		jw_u64(j, "mbr_downlink_kbps", p->mbr_downlink);
	}
	jw_object_end(j);
}

static void put_stages(const struct why_story *s, enum why_way way, struct jw *j)
{
	jw_array(j, "stages");
	for (int i = 0; i < WHY_STAGES; i++) {
		const struct why_stage *st = &s->a->ways[way].stages[i];
		_cleanup_(buf_free) struct buf detail = {0};

		why_stage_detail(s, way, i, &detail);
		jw_object(j, NULL);
		jw_string(j, "stage", st->name);
		if (st->visible)
			jw_u64(j, "packets", st->packets);
		if (detail.len)
			jw_string(j, "detail", detail.data);
		jw_object_end(j);
	}
	jw_array_end(j);
}

static void put_outcomes(const struct why_counts *c, struct jw *j)
{
	if (!c->n_outcomes)
		return;
	jw_array(j, "outcomes");
	for (size_t i = 0; i < c->n_outcomes; i++) {
		jw_object(j, NULL);
		if (c->outcomes[i].verdict)
			jw_string(j, "verdict", c->outcomes[i].verdict);
		if (c->outcomes[i].reason)
			jw_string(j, "reason", c->outcomes[i].reason);
		jw_u64(j, "packets", c->outcomes[i].packets);
		jw_object_end(j);
	}
	jw_array_end(j);
}

static void put_latency(const struct why_latency *l, struct jw *j)
{
	if (!l->packets)
		return;
	jw_object(j, "latency");
	jw_u64(j, "packets", l->packets);
	jw_u64(j, "median_ns", l->median_ns);
	jw_u64(j, "p99_ns", l->p99_ns);
	jw_bool(j, "at_most", l->at_most);
	jw_bool(j, "all_sessions", l->all_sessions);
	jw_object_end(j);
}

static void put_way(const struct why_story *s, enum why_way way, struct jw *j)
{
	const struct why_counts *c = &s->f->seen.ways[way];
	const struct why_path *p = &s->a->ways[way];

	jw_object(j, way == WHY_UPLINK ? "uplink" : "downlink");
	jw_string(j, "state", why_state_name(p->state));
	if (p->stop >= 0)
		jw_string(j, "stop", p->stages[p->stop].name);
	if (p->reason)
		jw_string(j, "reason", p->reason);
	if (p->text[0])
		jw_string(j, "text", p->text);
	if (p->advice[0])
		jw_string(j, "do", p->advice);
	put_stages(s, way, j);
	put_outcomes(c, j);
	put_pdr(s->f, way, j);
	if (c->has_peer)
		put_addr(j, "gnb", &c->peer);
	if (c->has_teid)
		jw_u64(j, "teid", c->teid);
	if (c->has_qfi)
		jw_u64(j, "qfi", c->qfi);
	put_latency(&c->latency, j);
	jw_object_end(j);
}

static void put_where(const struct why_story *s, struct jw *j)
{
	jw_array(j, "watched");
	for (size_t i = 0; i < s->sites->n; i++) {
		const struct why_link *l;
		size_t cursor = 0;

		jw_object(j, NULL);
		jw_string(j, "netns", s->sites->items[i].name);
		jw_array(j, "interfaces");
		while ((l = why_watched_link(&s->sites->items[i], &cursor)))
			jw_string(j, NULL, l->name);
		jw_array_end(j);
		jw_object_end(j);
	}
	jw_array_end(j);
}

void why_json(const struct why_story *s, struct buf *out)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	json_head_now(&j, s->node, "why");
	jw_string(&j, "verdict", s->a->verdict);
	jw_string(&j, "state", why_state_name(s->a->state));
	if (s->a->advice[0])
		jw_string(&j, "do", s->a->advice);
	jw_string(&j, "netns", s->f->netns);
	if (s->pod[0])
		jw_string(&j, "pod", s->pod);
	jw_string(&j, "upf", why_upf_name(s->f->upf));
	if (s->site->version[0])
		jw_string(&j, "version", s->site->version);
	if (s->f->seen.has_ue)
		put_addr(&j, "ue", &s->f->seen.ue);
	if (why_supposed(s->f))
		jw_bool(&j, "ue_supposed", true);
	if (s->f->session.has_seid && s->f->session.known)
		jw_id(&j, "seid", s->f->session.seid);
	jw_u64(&j, "duration_ns", s->ns);
	put_where(s, &j);
	put_way(s, WHY_UPLINK, &j);
	put_way(s, WHY_DOWNLINK, &j);
	jw_array(&j, "notes");
	for (size_t i = 0; i < s->a->n_notes; i++)
		jw_string(&j, NULL, s->a->notes[i]);
	jw_array_end(&j);
	jw_object_end(&j);
	buf_char(out, '\n');
}
