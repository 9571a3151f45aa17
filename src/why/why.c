/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "why.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "plural.h"
#include "why_internal.h"

const char *why_state_name(enum why_state s)
{
	static const char *const names[] = {"works", "loses packets", "broken", "silent", "split"};

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

/* Nothing came, and the other direction tells whether something should have. */
static void judge_silence(const struct why_facts *f, enum why_way way, struct why_answer *a)
{
	const struct why_counts *other = &f->seen.ways[!way];
	struct why_path *p = &a->ways[way];
	bool to_node = way == WHY_DOWNLINK && f->net.to_dn.local && a->ways[WHY_UPLINK].state == WHY_FINE;
	bool traced = way == WHY_UPLINK && f->trace.packets;

	/* What the gNB refuses it does not answer. */
	if (p->state != WHY_SILENT || (!other->left && !to_node && !traced) || why_is_refused(f, !way))
		return;
	p->state = WHY_BROKEN;
	p->stop = WHY_ARRIVED;
}

static void add_note(struct why_answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_note(struct why_answer *a, const char *format, ...)
{
	va_list ap;

	if (a->n_notes == ARRAY_SIZE(a->notes))
		return;
	va_start(ap, format);
	a->n_notes += why_write_whole(a->notes[a->n_notes], sizeof(a->notes[0]), format, ap);
	va_end(ap);
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
		add_note(a, "no route leads to %s, which is behind %s: %sip route replace UE-POOL dev %s",
			 addr_format(&f->seen.ue, text), f->net.device, f->inside, advice_word(f->net.device, device));
}

static bool has_one_container(const struct why_facts *f)
{
	const struct why_counts *up = &f->seen.ways[WHY_UPLINK], *down = &f->seen.ways[WHY_DOWNLINK];

	return up->has_peer && down->has_peer && up->has_qfi != down->has_qfi;
}

/* A PDU Session Container (TS 38.415) is there in both directions, or in none (4G). */
static void add_container(const struct why_facts *f, struct why_answer *a)
{
	const struct why_counts *up = &f->seen.ways[WHY_UPLINK], *down = &f->seen.ways[WHY_DOWNLINK];

	if (up->has_peer && !up->has_qfi && a->ways[WHY_UPLINK].state == WHY_BROKEN && f->upf != WHY_UPF_GTP)
		add_note(a, "the uplink has no PDU Session Container (QFI): a 5G UPF may not take such packets");
	if (!has_one_container(f))
		return;
	add_note(a, "the %s has no PDU Session Container, the %s has QFI %u: a UPF or a gNB may not take such packets",
		 up->has_qfi ? "downlink" : "uplink", up->has_qfi ? "uplink" : "downlink",
		 up->has_qfi ? up->qfi : down->qfi);
}

/* Pings pass, downloads hang: few packets, so that the counts of a session hardly show it. */
static void add_too_long(const struct why_facts *f, struct why_answer *a)
{
	uint64_t n = f->grown.values[WHY_FRAGMENTS] + f->grown.values[WHY_FRAGMENTS6];

	for (int way = 0; way < WHY_WAYS; way++)
		if (a->ways[way].reason && !strcmp(a->ways[way].reason, "mtu"))
			return;
	if (n)
		add_note(a,
			 "%" PRIu64
			 " packet%s of any session %s longer than the MTU of the way out, and not to be fragmented: "
			 "short packets pass, long ones do not",
			 n, plural(n), n == 1 ? "was" : "were");
}

/* A mirror of packets, or a filter's copies: answers come twice, and the counts hide as many losses. */
static void add_doubled(const struct why_facts *f, struct why_answer *a)
{
	static const char *const ways[] = {"uplink", "downlink"};

	for (int way = 0; way < WHY_WAYS; way++) {
		const struct why_counts *c = &f->seen.ways[way];

		if (c->doubled)
			add_note(a,
				 "the %s's packets are doubled: %" PRIu64
				 " more left%s%s than there were before; is there a mirror? %siptables-save -t mangle "
				 "(TEE), %stc filter (mirred)",
				 ways[way], c->doubled, c->out[0] ? " on " : "", c->out, f->inside, f->inside);
	}
}

static void add_unseen(const struct why_facts *f, struct why_answer *a)
{
	if (f->malformed)
		add_note(a, "%" PRIu64 " GTP-U packet%s of any session contradict%s %s (%s): no row has %s",
			 f->malformed, plural(f->malformed), f->malformed == 1 ? "s" : "",
			 f->malformed == 1 ? "itself" : "themselves", f->malformed_as,
			 f->malformed == 1 ? "it" : "them");
	if (f->unwatched)
		add_note(a, "%zu interface%s of this network namespace %s not watched: what passes there is not seen",
			 f->unwatched, plural(f->unwatched), f->unwatched == 1 ? "was" : "were");
}

static bool counts_differ(const struct why_path *p)
{
	const struct why_stage *first = NULL;

	for (int i = 0; i < WHY_STAGES; i++) {
		if (!p->stages[i].visible)
			continue;
		first = first ? first : &p->stages[i];
		if (p->stages[i].packets != first->packets)
			return true;
	}
	return false;
}

/* Where all stages counted as many packets, none is missing. */
static void add_windows(const struct why_facts *f, struct why_answer *a)
{
	if (!f->module_ran || f->skew_percent <= WHY_SKEW_MAX_PERCENT)
		return;
	if (counts_differ(&a->ways[WHY_UPLINK]) || counts_differ(&a->ways[WHY_DOWNLINK]))
		add_note(a, "the module and TC were not counted over the same time: whether packets are lost between "
			    "the two cannot be told; ask again, for longer");
}

static void add_supposed(const struct why_facts *f, struct why_answer *a)
{
	const struct why_half *half = why_supposed(f);
	char ue[ADDR_TEXT_MAX];

	if (half)
		add_note(a,
			 "no packet has TEID 0x%08x; %s, %s TEID 0x%08x, is the only UE with one direction alone, or "
			 "with a tunnel that is refused: is that TEID in the UPF's session list for that UE?",
			 f->teid, addr_format(&half->ue, ue), half->way == WHY_UPLINK ? "uplink" : "downlink",
			 half->teid);
}

static void add_xdp(const struct why_facts *f, struct why_answer *a)
{
	for (size_t i = 0; i < f->net.n_xdp; i++)
		add_note(a, "%s has an XDP program: what it takes or sends is not seen at TC", f->net.xdp[i]);
}

static void add_notes(const struct why_facts *f, struct why_answer *a)
{
	const struct why_counts *down = &f->seen.ways[WHY_DOWNLINK];

	add_supposed(f, a);
	add_container(f, a);
	add_too_long(f, a);
	add_doubled(f, a);
	add_xdp(f, a);
	add_unseen(f, a);
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
	add_windows(f, a);
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

/* By two gNBs, or by another interface than the uplink came by. */
static bool is_split(const struct why_facts *f, const struct why_answer *a)
{
	const struct why_counts *up = &f->seen.ways[WHY_UPLINK], *down = &f->seen.ways[WHY_DOWNLINK];

	if (a->ways[WHY_UPLINK].state != WHY_FINE || a->ways[WHY_DOWNLINK].state != WHY_FINE)
		return false;
	return (up->has_peer && down->has_peer && !addr_equal(&up->peer, &down->peer)) ||
	       (up->in[0] && down->out[0] && strcmp(up->in, down->out) != 0 && !f->seen.one_interface);
}

/* The direction that the verdict is about: the uplink's fault first, as the downlink follows from it. */
static void choose(const struct why_facts *f, struct why_answer *a)
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
	if (a->ways[WHY_UPLINK].state == WHY_SILENT && a->ways[WHY_DOWNLINK].state == WHY_SILENT)
		a->state = WHY_SILENT;
	else
		a->state = is_split(f, a) ? WHY_SPLIT : WHY_FINE;
}

static void name_it(const struct why_facts *f, char *text, size_t size)
{
	const struct why_half *half = why_supposed(f);
	char ue[ADDR_TEXT_MAX];

	if (half)
		why_name_half(f, half, text, size);
	else if (f->seen.has_ue)
		snprintf(text, size, "UE %s", addr_format(&f->seen.ue, ue));
	else if (f->by_ue)
		snprintf(text, size, "UE %s", addr_format(&f->ue, ue));
	else
		snprintf(text, size, "TEID 0x%08x", f->teid);
}

static void advise(struct why_answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void advise(struct why_answer *a, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	why_write_whole(a->advice, sizeof(a->advice), format, ap);
	va_end(ap);
}

static const char *peer_of(const struct why_counts *c, char text[static ADDR_TEXT_MAX])
{
	return c->has_peer ? addr_format(&c->peer, text) : "?";
}

static void say_split(const struct why_facts *f, const char *name, struct why_answer *a)
{
	const struct why_counts *up = &f->seen.ways[WHY_UPLINK], *down = &f->seen.ways[WHY_DOWNLINK];
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], in[ADVICE_WORD_MAX];

	peer_of(up, from);
	peer_of(down, to);
	snprintf(a->verdict, sizeof(a->verdict),
		 "%s: packets of both directions leave the UPF, but the uplink comes from gNB %s by %s, and the "
		 "downlink "
		 "goes to gNB %s by %s",
		 name, from, up->in[0] ? up->in : "?", to, down->out[0] ? down->out : "?");
	if (strcmp(from, to) != 0)
		advise(a, "which gNB has the UE? The downlink goes where the SMF said (PFCP, by NGAP): is that the "
			  "gNB's N3 "
			  "address, and not translated on the way? Are there two sessions of one UE address?");
	else
		advise(a, "%sip route get %s: should it go by %s?", f->inside, to, advice_word(up->in, in));
}

static const char *count_of(const struct why_path *p, enum why_stage_id stage, char text[static 24])
{
	if (p->stages[stage].visible)
		snprintf(text, 24, "%" PRIu64, p->stages[stage].packets);
	else
		snprintf(text, 24, "?");
	return text;
}

/* The far end of such a tunnel may drop what comes. */
static const char *container_word(const struct why_facts *f, char word[static 96])
{
	if (!has_one_container(f))
		return "work";
	snprintf(word, 96, "pass the UPF, but the %s has no PDU Session Container (QFI)",
		 f->seen.ways[WHY_UPLINK].has_qfi ? "downlink" : "uplink");
	return word;
}

static void say_fine(const struct why_facts *f, const char *name, struct why_answer *a)
{
	const struct why_path *up = &a->ways[WHY_UPLINK], *down = &a->ways[WHY_DOWNLINK];
	size_t size = sizeof(a->verdict);
	char n[4][24], word[96];

	if (up->state == WHY_FINE && down->state == WHY_FINE)
		snprintf(a->verdict, size, "%s: both directions %s: uplink %s in, %s out; downlink %s in, %s out", name,
			 container_word(f, word), count_of(up, WHY_ARRIVED, n[0]), count_of(up, WHY_LEFT, n[1]),
			 count_of(down, WHY_ARRIVED, n[2]), count_of(down, WHY_LEFT, n[3]));
	else
		snprintf(a->verdict, size, "%s: the %s works, and nothing else was sent", name,
			 up->state == WHY_FINE ? "uplink" : "downlink");
}

static void say_up(const struct why_facts *f, struct why_answer *a)
{
	char down[ADVICE_WORD_MAX];

	advise(a, "%sip link set dev %s up; if it is, its carrier is missing", f->inside,
	       advice_word(f->net.first_down, down));
}

static void say_silent(const struct why_facts *f, const char *name, struct why_answer *a)
{
	char word[ADVICE_WORD_MAX], ue[ADDR_TEXT_MAX];
	size_t size = sizeof(a->verdict);

	if (f->seen.n_halves) {
		why_say_halves(f, name, a);
	} else if (f->net.n_xdp) {
		why_say_xdp(f, name, a);
	} else if (f->net.down[0]) {
		snprintf(a->verdict, size, "%s: no packet came, and %s is down", name, f->net.down);
		say_up(f, a);
	} else if (f->ue_at && f->ue_at[0]) {
		snprintf(a->verdict, size, "%s: no packet came, and the UE is on this node: at %s in %s", name,
			 f->ue_device, f->ue_at);
		advise(a, "%sping -I %s ADDRESS, and meanwhile: %sip route get ADDRESS from %s", f->ue_inside,
		       advice_word(f->ue_device, word), f->ue_inside, addr_format(&f->ue, ue));
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
	char name[ADDR_TEXT_MAX + 64];
	const struct why_path *p;

	name_it(f, name, sizeof(name));
	if (a->state == WHY_SPLIT) {
		say_split(f, name, a);
	} else if (a->way < 0 && a->state == WHY_FINE) {
		say_fine(f, name, a);
	} else if (a->way < 0) {
		say_silent(f, name, a);
	} else {
		p = &a->ways[a->way];
		if (a->state == WHY_LOSSY)
			snprintf(a->verdict, sizeof(a->verdict), "%s: the %s loses %" PRIu64 " packet%s: %s", name,
				 ways[a->way], p->lost, plural(p->lost), p->text);
		else
			snprintf(a->verdict, sizeof(a->verdict), "%s: the %s is broken: %s", name, ways[a->way],
				 p->text);
		snprintf(a->advice, sizeof(a->advice), "%s", p->advice);
	}
}

void why_judge(const struct why_facts *f, struct why_answer *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (int way = 0; way < WHY_WAYS; way++)
		why_make_stages(f, way, &ret->ways[way]);
	why_hide_answered(f, &ret->ways[WHY_UPLINK], &ret->ways[WHY_DOWNLINK]);
	for (int way = 0; way < WHY_WAYS; way++)
		why_find_stop(f, &ret->ways[way]);
	judge_silence(f, WHY_UPLINK, ret);
	judge_silence(f, WHY_DOWNLINK, ret);
	for (int way = 0; way < WHY_WAYS; way++)
		if (ret->ways[way].stop >= 0)
			why_reason(f, way, &ret->ways[way]);
	for (int way = 0; way < WHY_WAYS; way++) {
		why_judge_lengths(f, way, &ret->ways[way]);
		why_judge_cause(f, way, &ret->ways[way]);
		why_judge_queues(f, way, &ret->ways[way]);
		why_judge_refusal(f, way, &ret->ways[way]);
		why_judge_ue(f, way, &ret->ways[way]);
	}
	choose(f, ret);
	add_notes(f, ret);
	say(f, ret);
}
