/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "why.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "plural.h"
#include "why_internal.h"

/* A few packets are on their way when counting begins and ends. */
#define ON_THEIR_WAY 2
#define LOSS_PERCENT 1

const char *why_state_name(enum why_state s)
{
	static const char *const names[] = {"works", "loses packets", "broken", "silent"};

	return names[s];
}

const char *why_upf_name(enum why_upf u)
{
	static const char *const names[] = {"user", "gtp", "gtp5g"};

	return names[u];
}

const struct why_pdr *why_pdr_of(const struct why_session *s, enum why_way way, bool has_id, uint16_t id)
{
	const struct why_pdr *first = NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (s->pdrs[i].way != way)
			continue;
		if (has_id && s->pdrs[i].id == id)
			return &s->pdrs[i];
		first = first ? first : &s->pdrs[i];
	}
	return first;
}

static bool is(const char *text, const char *word)
{
	return text && !strcmp(text, word);
}

/* The stage that an outcome ends before; WHY_STAGES: none. */
static enum why_stage_id stage_of(const struct why_outcome *o)
{
	if (is(o->verdict, "to_user") || is(o->verdict, "echo_answered") || is(o->reason, "no_pdr") ||
	    is(o->reason, "not_ipv4") || (o->reason && !strncmp(o->reason, "malformed", 9)))
		return WHY_MATCHED;
	if (is(o->verdict, "dropped") || is(o->verdict, "buffered"))
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
		if (is(c->outcomes[i].verdict, "unknown") || !c->outcomes[i].verdict)
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
			.name = p->stages[WHY_HANDLED].name, .visible = true, .packets = c->device + c->left_n9};
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
		show(p, WHY_HANDLED, c->device + c->left_n9);
	else if (!c->arrived_n9)
		show(p, WHY_REACHED, c->device);
}

static void make_stages(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_counts *c = &f->seen.ways[way];

	for (int i = 0; i < WHY_STAGES; i++)
		p->stages[i].name = stage_names[way][i];
	show(p, WHY_ARRIVED, c->arrived + c->malformed);
	show(p, WHY_LEFT, c->left);
	if (f->module_ran)
		module_stages(f, way, p);
	else
		device_stages(f, way, p);
	/* What came by an interface that is not watched, or past TC, came all the same. */
	if (!p->stages[WHY_ARRIVED].packets && p->stages[WHY_REACHED].packets)
		hide(p, WHY_ARRIVED, "it came past TC, or by an interface that was not watched");
	if (way == WHY_UPLINK && f->net.to_dn.asked && f->net.to_dn.local && !c->left)
		hide(p, WHY_LEFT, "the destination is this node itself");
}

static bool is_lost(uint64_t before, uint64_t now, unsigned percent)
{
	return before > now && before - now > ON_THEIR_WAY && before - now > before / 100 * percent;
}

static void find_stop(const struct why_facts *f, struct why_path *p)
{
	uint64_t before = 0;
	bool any = false, module = false;

	p->stop = -1;
	for (int i = 0; i < WHY_STAGES; i++) {
		const struct why_stage *s = &p->stages[i];

		if (!s->visible)
			continue;
		if (any && before && !s->packets) {
			p->state = WHY_BROKEN;
			p->stop = i;
			p->lost = before;
			return;
		}
		if (p->stop < 0 &&
		    is_lost(before, s->packets, LOSS_PERCENT + (s->module != module ? f->skew_percent : 0))) {
			p->state = WHY_LOSSY;
			p->stop = i;
			p->lost = before - s->packets;
		}
		any = true;
		module = s->module;
		before = s->packets;
	}
	if (!any || !before)
		p->state = WHY_SILENT;
}

/* Nothing came, and the other direction tells whether something should have. */
static void judge_silence(const struct why_facts *f, enum why_way way, struct why_answer *a)
{
	const struct why_counts *other = &f->seen.ways[!way];
	struct why_path *p = &a->ways[way];

	if (p->state != WHY_SILENT || !other->left)
		return;
	p->state = WHY_BROKEN;
	p->stop = WHY_ARRIVED;
}

static void add_note(struct why_answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A command that is cut is another command: rather none. */
static void add_note(struct why_answer *a, const char *format, ...)
{
	va_list ap;
	int n;

	if (a->n_notes == ARRAY_SIZE(a->notes))
		return;
	va_start(ap, format);
	n = vsnprintf(a->notes[a->n_notes], sizeof(a->notes[0]), format, ap);
	va_end(ap);
	a->n_notes += n >= 0 && (size_t)n < sizeof(a->notes[0]);
}

/* What would stop packets, if there were any. */
static void add_faults(const struct why_facts *f, struct why_answer *a)
{
	const struct why_route *ue = &f->net.to_ue;
	char text[ADDR_TEXT_MAX], device[ADVICE_WORD_MAX];

	if (f->net.forwarding == 0)
		add_note(a,
			 "forwarding is off: %ssysctl net.ipv4.ip_forward=1 (or "
			 "net.ipv6.conf.all.forwarding)",
			 f->inside);
	if (f->net.device[0] && ue->asked && (ue->error || strcmp(ue->interface, f->net.device)))
		add_note(a, "no route leads to %s, which is behind %s: %sip route add UE-POOL dev %s",
			 addr_format(&f->seen.ue, text), f->net.device, f->inside, advice_word(f->net.device, device));
}

static void add_notes(const struct why_facts *f, struct why_answer *a)
{
	const struct why_counts *down = &f->seen.ways[WHY_DOWNLINK];

	if (a->state == WHY_SILENT)
		add_faults(f, a);
	if (down->unreachable)
		add_note(a,
			 "%" PRIu64 " of the downlink packets are ICMP 'unreachable': the data "
			 "network answers that it has no such host or port",
			 down->unreachable);
	if (down->too_big)
		add_note(a,
			 "%" PRIu64 " of the downlink packets are ICMP 'too big': a link beyond N6 "
			 "has a smaller MTU",
			 down->too_big);
	if (f->seen.translated)
		add_note(a, "N6 translates addresses (NAT): its counts are of all UEs' packets to the "
			    "same destinations");
	if (f->session.others)
		add_note(a, "%u more session%s fit: this is the first", f->session.others,
			 f->session.others > 1 ? "s" : "");
	if (f->seen.events_lost)
		add_note(a,
			 "%" PRIu64 " event%s of the module lost: its counts are too low by as many, of any "
			 "session",
			 f->seen.events_lost, plural(f->seen.events_lost));
	if (f->seen.left_out)
		add_note(a, "%" PRIu64 " packet%s of any session found no room in a table", f->seen.left_out,
			 plural(f->seen.left_out));
}

/* The direction that the verdict is about: the uplink's fault first, as the downlink follows from it. */
static void choose(struct why_answer *a)
{
	static const enum why_state order[] = {WHY_BROKEN, WHY_LOSSY};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		for (int way = 0; way < WHY_WAYS; way++)
			if (a->ways[way].state == order[i]) {
				a->state = order[i];
				a->way = way;
				return;
			}
	a->way = -1;
	a->state = a->ways[WHY_UPLINK].state == WHY_SILENT && a->ways[WHY_DOWNLINK].state == WHY_SILENT ? WHY_SILENT
													: WHY_FINE;
}

static void name_it(const struct why_facts *f, char *text, size_t size)
{
	char ue[ADDR_TEXT_MAX];

	if (f->seen.has_ue)
		snprintf(text, size, "UE %s", addr_format(&f->seen.ue, ue));
	else if (f->by_ue)
		snprintf(text, size, "UE %s", addr_format(&f->ue, ue));
	else
		snprintf(text, size, "TEID 0x%08x", f->teid);
}

static void say_fine(const struct why_facts *f, const char *name, struct why_answer *a)
{
	const struct why_path *up = &a->ways[WHY_UPLINK], *down = &a->ways[WHY_DOWNLINK];
	size_t size = sizeof(a->verdict);

	if (up->state == WHY_FINE && down->state == WHY_FINE)
		snprintf(a->verdict, size,
			 "%s: both directions work: uplink %" PRIu64 " in, %" PRIu64 " out; downlink %" PRIu64
			 " in, %" PRIu64 " out",
			 name, up->stages[WHY_ARRIVED].packets, up->stages[WHY_LEFT].packets,
			 down->stages[WHY_ARRIVED].packets, down->stages[WHY_LEFT].packets);
	else
		snprintf(a->verdict, size, "%s: the %s works, and nothing else was sent", name,
			 up->state == WHY_FINE ? "uplink" : "downlink");
}

static void say_up(const struct why_facts *f, struct why_answer *a)
{
	char down[ADVICE_WORD_MAX];
	int n = snprintf(a->advice, sizeof(a->advice), "%sip link set dev %s up; if it is, its carrier is missing",
			 f->inside, advice_word(f->net.first_down, down));

	if (n < 0 || (size_t)n >= sizeof(a->advice))
		a->advice[0] = '\0';
}

static void say_silent(const struct why_facts *f, const char *name, struct why_answer *a)
{
	size_t size = sizeof(a->verdict);

	if (f->net.down[0]) {
		snprintf(a->verdict, size, "%s: no packet came, and %s is down", name, f->net.down);
		say_up(f, a);
	} else if (f->session.known) {
		snprintf(a->verdict, size, "%s: the session is there, and no packet of it came", name);
		snprintf(a->advice, sizeof(a->advice),
			 "send something (ping from the UE); then look at the gNB: does it send to this "
			 "UPF's N3 address?");
	} else {
		snprintf(a->verdict, size, "%s: no session%s and no packet", name,
			 f->upf == WHY_UPF_USER ? " that the kernel knows" : "");
		snprintf(a->advice, sizeof(a->advice), "is it the %s%s",
			 f->by_ue ? "address that the SMF gave?" : "TEID that the UPF or the gNB gave the tunnel?",
			 f->upf == WHY_UPF_GTP5G ? " teide rules lists the sessions" : "");
	}
}

static void say(const struct why_facts *f, struct why_answer *a)
{
	static const char *const ways[] = {"uplink", "downlink"};
	char name[ADDR_TEXT_MAX + 8];
	const struct why_path *p;

	name_it(f, name, sizeof(name));
	if (a->way < 0 && a->state == WHY_FINE) {
		say_fine(f, name, a);
	} else if (a->way < 0) {
		say_silent(f, name, a);
	} else {
		p = &a->ways[a->way];
		if (a->state == WHY_LOSSY)
			snprintf(a->verdict, sizeof(a->verdict), "%s: the %s loses %" PRIu64 " packets: %s", name,
				 ways[a->way], p->lost, p->text);
		else
			snprintf(a->verdict, sizeof(a->verdict), "%s: the %s is broken: %s", name, ways[a->way],
				 p->text);
		snprintf(a->advice, sizeof(a->advice), "%s", p->advice);
	}
}

void why_judge(const struct why_facts *f, struct why_answer *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (int way = 0; way < WHY_WAYS; way++) {
		make_stages(f, way, &ret->ways[way]);
		find_stop(f, &ret->ways[way]);
	}
	judge_silence(f, WHY_UPLINK, ret);
	judge_silence(f, WHY_DOWNLINK, ret);
	for (int way = 0; way < WHY_WAYS; way++)
		if (ret->ways[way].stop >= 0)
			why_reason(f, way, &ret->ways[way]);
	choose(ret);
	add_notes(f, ret);
	say(f, ret);
}
