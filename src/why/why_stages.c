/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How many packets reached each stage, and where they stop. */
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "why_internal.h"

/* A few packets are on their way when counting begins and ends. */
#define ON_THEIR_WAY 2
#define LOSS_PERCENT 1

/* The stage that an outcome ends before; WHY_STAGES: none. */
static enum why_stage_id stage_of(const struct why_outcome *o)
{
	if (why_is(o->verdict, "to_user") || why_is(o->verdict, "echo_answered") || why_is(o->reason, "no_pdr") ||
	    why_is(o->reason, "not_ipv4") || (o->reason && !strncmp(o->reason, "malformed", 9)))
		return WHY_MATCHED;
	if (why_is(o->verdict, "dropped") || why_is(o->verdict, "buffered"))
		return WHY_HANDLED;
	return WHY_STAGES;
}

uint64_t why_outcomes(const struct why_counts *c, enum why_stage_id stage)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < c->n_outcomes; i++)
		if (stage_of(&c->outcomes[i]) == stage)
			sum += c->outcomes[i].packets;
	return sum;
}

const struct why_outcome *why_worst(const struct why_counts *c, enum why_stage_id stage)
{
	const struct why_outcome *worst = NULL;

	for (size_t i = 0; i < c->n_outcomes; i++)
		if (stage_of(&c->outcomes[i]) == stage && (!worst || c->outcomes[i].packets > worst->packets))
			worst = &c->outcomes[i];
	return worst;
}

static bool is_unknown(const struct why_counts *c)
{
	for (size_t i = 0; i < c->n_outcomes; i++)
		if (why_is(c->outcomes[i].verdict, "unknown") || !c->outcomes[i].verdict)
			return true;
	return false;
}

static const char *const stage_names[WHY_WAYS][WHY_STAGES] = {
	{"n3_in", "module", "pdr", "decapsulated", "n6_out"},
	{"n6_in", "module", "pdr", "encapsulated", "n3_out"},
};

static void show(struct why_path *p, enum why_stage_id id, uint64_t packets)
{
	p->stages[id].visible = true;
	p->stages[id].packets = packets;
}

static void hide(struct why_path *p, enum why_stage_id id, const char *why)
{
	p->stages[id].visible = false;
	snprintf(p->stages[id].detail, sizeof(p->stages[id].detail), "not visible: %.360s", why);
}

static void show_module(struct why_path *p, enum why_stage_id id, uint64_t packets)
{
	show(p, id, packets);
	p->stages[id].module = true;
}

/* To another UPF. What goes to another UE of this one leaves in a tunnel too, by the device. */
static uint64_t relayed(const struct why_counts *c)
{
	return c->left_n9 > c->to_other_ue ? c->left_n9 - c->to_other_ue : 0;
}

static void module_stages(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_counts *c = &f->seen.ways[way];
	uint64_t matched = c->module - why_outcomes(c, WHY_MATCHED);

	show_module(p, WHY_REACHED, c->module);
	show_module(p, WHY_MATCHED, matched);
	show_module(p, WHY_HANDLED, matched - why_outcomes(c, WHY_HANDLED));
	if (!is_unknown(c))
		return;
	if (way == WHY_UPLINK && f->net.device[0])
		p->stages[WHY_HANDLED] = (struct why_stage){
			.name = p->stages[WHY_HANDLED].name, .visible = true, .packets = c->device + relayed(c)};
	else
		hide(p, WHY_HANDLED, "this version of the module does not tell");
}

/* What TC sees at the device, where the module itself is not watched. */
static void device_stages(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_counts *c = &f->seen.ways[way];
	const char *why = f->upf == WHY_UPF_USER ? "the UPF is a process" : f->module_why;

	hide(p, WHY_REACHED, why);
	hide(p, WHY_MATCHED, why);
	hide(p, WHY_HANDLED, why);
	if (!f->net.device[0])
		return;
	if (way == WHY_UPLINK)
		show(p, WHY_HANDLED, c->device + relayed(c));
	else if (!c->arrived_n9)
		show(p, WHY_REACHED, c->device);
}

uint64_t why_passed(const struct why_path *p, int stage)
{
	uint64_t most = 0;

	for (int i = stage; i < WHY_STAGES; i++)
		if (p->stages[i].visible && (i == stage || !p->stages[i].shared))
			most = MAX(most, p->stages[i].packets);
	return most;
}

/* What came by an interface that is not watched, or past TC, came all the same. */
static void hide_passed(struct why_path *p)
{
	for (int i = 0; i < WHY_STAGES; i++)
		if (p->stages[i].visible && !p->stages[i].packets && why_passed(p, i))
			hide(p, i, "packets passed here past TC, or by an interface that was not watched");
}

void why_make_stages(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_counts *c = &f->seen.ways[way];

	for (int i = 0; i < WHY_STAGES; i++)
		p->stages[i].name = stage_names[way][i];
	show(p, WHY_ARRIVED, c->arrived + c->other_ue + c->malformed);
	show(p, WHY_LEFT, c->left - c->left_n9 + relayed(c) + c->to_other_ue);
	if (f->module_ran)
		module_stages(f, way, p);
	else
		device_stages(f, way, p);
	/* Translated packets of other UEs to the same destinations are among them. */
	p->stages[way == WHY_UPLINK ? WHY_LEFT : WHY_ARRIVED].shared = f->seen.translated;
	hide_passed(p);
	if (way == WHY_UPLINK && f->net.to_dn.asked && f->net.to_dn.local && !c->left)
		hide(p, WHY_LEFT, "the destination is this node itself");
}

static bool is_lost(uint64_t before, uint64_t now, unsigned percent)
{
	uint64_t lost = before > now ? before - now : 0;

	return lost > ON_THEIR_WAY && (double)lost * 100 > (double)before * percent;
}

/* Packets of the visible stage `from`, an earlier one, that did not get as far as `to`. */
static uint64_t lost_between(const struct why_facts *f, const struct why_path *p, int from, int to)
{
	const struct why_stage *a = &p->stages[from];
	unsigned skew = a->module != p->stages[to].module ? f->skew_percent : 0;
	uint64_t passed = why_passed(p, to);

	if (a->shared || skew > WHY_SKEW_MAX_PERCENT || !is_lost(a->packets, passed, LOSS_PERCENT + skew))
		return 0;
	return a->packets - passed;
}

/* The last visible stage, and the last visible stage that each side (TC, the module) counted. Stages of one side are
 * counted over exactly the same time. */
struct earlier {
	int last, of_side[2]; /* -1: none */
};

/* What the one side counts above the other side's earlier stage passed in the time that the one alone counted. */
static uint64_t lost_before(const struct why_facts *f, const struct why_path *p, const struct earlier *e, int i)
{
	int last = e->last, same = e->of_side[p->stages[i].module];
	uint64_t lost;

	if (last < 0)
		return 0;
	if (same >= 0 && !p->stages[same].shared && p->stages[same].packets < p->stages[last].packets)
		last = same;
	lost = lost_between(f, p, last, i);
	return lost || same < 0 ? lost : lost_between(f, p, same, i);
}

void why_find_stop(const struct why_facts *f, struct why_path *p)
{
	struct earlier e = {-1, {-1, -1}};

	p->stop = -1;
	for (int i = 0; i < WHY_STAGES; i++) {
		const struct why_stage *s = &p->stages[i];
		uint64_t before = e.last < 0 ? 0 : p->stages[e.last].packets, lost;

		if (!s->visible)
			continue;
		if (before && !s->packets) {
			p->state = WHY_BROKEN;
			p->stop = i;
			p->lost = before;
			return;
		}
		lost = p->stop < 0 ? lost_before(f, p, &e, i) : 0;
		if (lost) {
			p->state = WHY_LOSSY;
			p->stop = i;
			p->lost = lost;
		}
		e.last = e.of_side[s->module] = i;
	}
	if (e.last < 0 || !p->stages[e.last].packets)
		p->state = WHY_SILENT;
}

/* The uplink left under an address that teide does not know where about as many answers came back to the UE. */
void why_hide_answered(const struct why_facts *f, struct why_path *up, const struct why_path *down)
{
	struct why_stage *left = &up->stages[WHY_LEFT];
	uint64_t sent = why_passed(up, WHY_ARRIVED);

	if (f->net.device[0] && left->visible && !left->packets && sent &&
	    why_passed(down, WHY_REACHED) >= (sent + 1) / 2)
		hide(up, WHY_LEFT, "it left under an address that teide does not know: answers came");
}
