/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "cleanup.h"
#include "clock.h"
#include "escape.h"
#include "gtp5g.h"
#include "why_cli.h"

const char *why_stage_title(const struct why_facts *f, enum why_way way, enum why_stage_id stage, char text[static 32])
{
	bool n9_in = f->seen.ways[way].arrived_n9, n9_out = f->seen.ways[way].left_n9 > f->seen.ways[way].to_other_ue;
	const char *module = f->upf == WHY_UPF_USER ? "UPF process" : why_upf_name(f->upf);
	bool up = way == WHY_UPLINK;

	switch (stage) {
	case WHY_ARRIVED:
		snprintf(text, 32, "reached %s", up ? "N3" : n9_in ? "N9" : "N6");
		break;
	case WHY_REACHED:
		snprintf(text, 32, "reached %s", up ? module : f->net.device[0] ? f->net.device : module);
		break;
	case WHY_MATCHED:
		snprintf(text, 32, "matched %s", f->upf == WHY_UPF_GTP ? "PDP context" : "PDR");
		break;
	case WHY_HANDLED:
		snprintf(text, 32, "%s", !up ? "encapsulated" : n9_out ? "decapsulated or relayed" : "decapsulated");
		break;
	default:
		snprintf(text, 32, "left %s",
			 !up				 ? "on N3"
			 : n9_out			 ? "on N9"
			 : f->seen.ways[way].to_other_ue ? "to a UE"
							 : "on N6");
		break;
	}
	return text;
}

static void put_tunnel(const struct why_counts *c, const char *word, struct buf *out)
{
	char peer[ADDR_TEXT_MAX];

	if (c->has_peer)
		buf_printf(out, ", %s gNB %s", word, addr_format(&c->peer, peer));
	if (c->has_teid)
		buf_printf(out, ", TEID 0x%08x", c->teid);
	if (c->has_qfi)
		buf_printf(out, ", QFI %u", c->qfi);
}

static void put_action(const struct why_pdr *p, struct buf *out)
{
	static const char *const words[] = {"drop", "forward", "buffer", "notify", "duplicate"};
	const char *plus = " ";
	char peer[ADDR_TEXT_MAX];

	buf_printf(out, ", FAR %u", p->far_id);
	if (!p->far_found)
		buf_str(out, " is missing");
	for (size_t i = 0; p->far_found && i < ARRAY_SIZE(words); i++) {
		if (!(p->far_action >> i & 1))
			continue;
		buf_printf(out, "%s%s", plus, words[i]);
		plus = "+";
	}
	if (p->has_peer)
		buf_printf(out, " to %s TEID 0x%08x", addr_format(&p->peer, peer), p->peer_teid);
}

static void put_qer(const struct why_pdr *p, struct buf *out)
{
	static const char *const gates[] = {"open", "closed downlink", "closed uplink", "closed"};
	unsigned gate = !!(p->gate & GTP5G_GATE_DOWNLINK_CLOSED) + 2 * !!(p->gate & GTP5G_GATE_UPLINK_CLOSED);

	buf_printf(out, ", QER %u", p->qer_id);
	if (!p->qer_found) {
		buf_str(out, " is missing");
		return;
	}
	if (p->qfi)
		buf_printf(out, " QFI %u", p->qfi);
	buf_printf(out, " gate %s", gates[gate]);
	if (p->mbr_uplink || p->mbr_downlink)
		buf_printf(out, " MBR %" PRIu64 "/%" PRIu64 " kbit/s", p->mbr_uplink, p->mbr_downlink);
}

static void put_rule(const struct why_facts *f, enum why_way way, struct buf *out)
{
	const struct why_counts *c = &f->seen.ways[way];
	const struct why_pdr *p = why_pdr_of(&f->session, way, c->has_rule, c->pdr_id);
	char peer[ADDR_TEXT_MAX];

	if (!p && c->has_rule)
		buf_printf(out, "PDR %u of SEID 0x%" PRIx64, c->pdr_id, c->seid);
	if (!p)
		return;
	if (f->upf == WHY_UPF_GTP) {
		if (p->has_teid)
			buf_printf(out, "TEID 0x%08x", p->teid);
		if (p->has_peer)
			buf_printf(out, "to %s TEID 0x%08x", addr_format(&p->peer, peer), p->peer_teid);
		return;
	}
	buf_printf(out, "PDR %u", p->id);
	if (p->has_teid)
		buf_printf(out, " F-TEID 0x%08x", p->teid);
	if (p->has_far)
		put_action(p, out);
	if (p->has_qer)
		put_qer(p, out);
}

/* What became of the module's packets that did not get here. */
static void put_outcomes(const struct why_counts *c, bool handled, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < c->n_outcomes; i++) {
		const struct why_outcome *o = &c->outcomes[i];

		if (handled && !o->reason && o->verdict && o->verdict[0] == 'f' && c->n_outcomes == 1)
			continue;
		buf_printf(out, "%s%" PRIu64 " %s", comma, o->packets, o->verdict ? o->verdict : "unknown");
		if (o->reason)
			buf_printf(out, " %s", o->reason);
		comma = ", ";
	}
}

void why_stage_detail(const struct why_story *s, enum why_way way, enum why_stage_id stage, struct buf *out)
{
	const struct why_facts *f = s->f;
	const struct why_counts *c = &f->seen.ways[way];
	const struct why_stage *st = &s->a->ways[way].stages[stage];

	if (!st->visible) {
		buf_str(out, st->detail);
		return;
	}
	if (stage == WHY_ARRIVED && c->in[0]) {
		buf_str(out, c->in);
		if (way == WHY_UPLINK)
			put_tunnel(c, "from", out);
		if (c->malformed)
			buf_printf(out, "; %" PRIu64 " malformed", c->malformed);
		if (c->other_teid)
			buf_printf(out, "; %" PRIu64 " in TEID 0x%08x", c->other_teid, c->other_teid_value);
	} else if (stage == WHY_MATCHED) {
		put_rule(f, way, out);
	} else if (stage == WHY_HANDLED) {
		put_outcomes(c, true, out);
	} else if (stage == WHY_LEFT && c->out[0]) {
		buf_str(out, c->out);
		if (way == WHY_DOWNLINK)
			put_tunnel(c, "to", out);
		else if (f->seen.translated)
			buf_str(out, ", translated (NAT)");
	}
}

static void put_duration(uint64_t ns, struct buf *out)
{
	if (ns < 10000)
		buf_printf(out, "%.1f us", (double)ns / 1000);
	else if (ns < 10 * NSEC_PER_MSEC)
		buf_printf(out, "%.0f us", (double)ns / 1000);
	else
		buf_printf(out, "%.0f ms", (double)ns / NSEC_PER_MSEC);
}

static void put_latency(const struct why_latency *l, const char *name, struct buf *out)
{
	if (!l->packets)
		return;
	buf_printf(out, "  %-20s %9s  ", "time", "");
	buf_printf(out, "%s took %s", name, l->at_most ? "at most " : "");
	put_duration(l->median_ns, out);
	buf_printf(out, " (median), %s", l->at_most ? "at most " : "");
	put_duration(l->p99_ns, out);
	buf_printf(out, " (p99)%s\n", l->all_sessions ? ", of all sessions" : "");
}

static void put_line(const char *text, struct buf *out)
{
	escape_text(out, text);
	buf_char(out, '\n');
}

static void put_marked(const char *mark, const char *text, struct buf *out)
{
	buf_str(out, mark);
	put_line(text, out);
}

static void put_way(const struct why_story *s, enum why_way way, struct buf *out)
{
	static const char *const titles[] = {"UPLINK", "DOWNLINK"};
	const struct why_path *p = &s->a->ways[way];
	char title[32], shown[ESCAPED_MAX(sizeof(title))];

	buf_printf(out, "\n%-22s %9s%s\n", titles[way], "PACKETS", way == WHY_UPLINK ? "  WHERE" : "");
	for (int i = 0; i < WHY_STAGES; i++) {
		_cleanup_(buf_free) struct buf detail = {0};
		const struct why_stage *st = &p->stages[i];
		char packets[24] = "?";

		why_stage_detail(s, way, i, &detail);
		if (st->visible)
			snprintf(packets, sizeof(packets), "%" PRIu64, st->packets);
		why_stage_title(s->f, way, i, title);
		buf_printf(out, "%c %-20s %9s%s", i == p->stop ? 'x' : ' ', escape_text_to(shown, sizeof(shown), title),
			   packets, detail.len ? "  " : "");
		put_line(detail.len ? detail.data : "", out);
	}
	put_latency(&s->f->seen.ways[way].latency, why_upf_name(s->f->upf), out);
	if (p->stop >= 0 && (int)way != s->a->way)
		put_marked("  ", p->text, out);
	if (p->stop >= 0 && (int)way != s->a->way && p->advice[0])
		put_marked("  -> ", p->advice, out);
}

static void put_where(const struct why_story *s, struct buf *out)
{
	const struct why_link *l;

	buf_printf(out, "observed %.10g s in", (double)(s->ns / (100 * NSEC_PER_MSEC)) / 10);
	for (size_t i = 0; i < s->sites->n; i++) {
		const struct why_site *site = &s->sites->items[i];
		size_t cursor = 0;

		if (s->sites->n > 1 && s->a->state != WHY_SILENT && site != s->site)
			continue;
		buf_str(out, i && s->a->state == WHY_SILENT ? "; " : " ");
		escape_text(out, site->name);
		buf_str(out, " at");
		while ((l = why_watched_link(site, &cursor))) {
			buf_char(out, ' ');
			escape_text(out, l->name);
		}
	}
	buf_char(out, '\n');
}

static void put_session(const struct why_story *s, struct buf *out)
{
	const struct why_facts *f = s->f;
	char ue[ADDR_TEXT_MAX];

	escape_text(out, f->netns);
	buf_str(out, s->pod[0] ? ", pod " : "");
	escape_text(out, s->pod);
	if (f->upf == WHY_UPF_USER) {
		buf_str(out, ": a UPF in user space: which rule takes a packet is not to be seen\n");
		return;
	}
	buf_char(out, ' ');
	escape_text(out, s->site->device);
	buf_printf(out, " (%s%s", why_upf_name(f->upf), s->site->version[0] ? " " : "");
	escape_text(out, s->site->version);
	buf_str(out, "): ");
	if (!f->session.known) {
		buf_str(out, "no session\n");
		return;
	}
	buf_str(out, f->session.has_seid ? "session" : "a PDP context");
	if (f->session.has_seid)
		buf_printf(out, " 0x%" PRIx64, f->session.seid);
	if (f->session.has_ue)
		buf_printf(out, " of UE %s", addr_format(&f->session.ue, ue));
	buf_char(out, '\n');
}

void why_text(const struct why_story *s, struct buf *out)
{
	put_line(s->a->verdict, out);
	if (s->a->advice[0])
		put_marked("-> ", s->a->advice, out);
	buf_char(out, '\n');
	put_session(s, out);
	put_where(s, out);
	if (s->sites->others[0]) {
		buf_str(out, "the session is in ");
		escape_text(out, s->sites->others);
		buf_str(out, " too: --netns asks there\n");
	}
	put_way(s, WHY_UPLINK, out);
	put_way(s, WHY_DOWNLINK, out);
	for (size_t i = 0; i < s->a->n_notes; i++)
		put_marked(i ? "" : "\n", s->a->notes[i], out);
}
