/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets left, and nothing came back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "advice.h"
#include "plural.h"
#include "why_judge.h"

bool why_has_xdp(const struct why_network *net, const char *interface)
{
	for (size_t i = 0; i < net->n_xdp; i++)
		if (!strcmp(net->xdp[i], interface))
			return true;
	return false;
}

static void advise_xdp(const struct why_facts *f, const char *interface, struct why_path *p)
{
	const struct why_judge j = {.f = f, .p = p};
	char word[ADVICE_WORD_MAX];

	why_look(&j,
		 "whose is it, and what does it count? %sip -d link show dev %s; bpftool net. Watch the other end of "
		 "the "
		 "link: the gNB's interface, or the data network's",
		 f->inside, advice_word(interface, word));
}

/* It takes packets before TC sees them: they may have come. */
static void taken_by_xdp(const struct why_judge *j, uint64_t left, const char *interface)
{
	why_because(j, "xdp",
		    "%" PRIu64 " packet%s left, and nothing came back on %s past its XDP program, which takes packets "
		    "before TC sees them",
		    left, plural(left), interface);
	advise_xdp(j->f, interface, j->p);
}

void why_hop_past_xdp(const struct why_judge *j, const char *interface, const char *hop)
{
	why_because(
		j, "xdp",
		"no answer of the next hop, %s, comes past the XDP program of %s, which takes packets before TC and "
		"the kernel see them",
		hop, interface);
	advise_xdp(j->f, interface, j->p);
}

void why_say_xdp(const struct why_facts *f, const char *name, struct why_answer *a)
{
	const char *interface = why_has_xdp(&f->net, f->net.n3) ? f->net.n3 : f->net.xdp[0];
	struct why_path advised = {.advice = ""};

	snprintf(a->verdict, sizeof(a->verdict),
		 "%s: no packet came past the XDP program of %s, which takes packets before TC sees them", name,
		 interface);
	advise_xdp(f, interface, &advised);
	memcpy(a->advice, advised.advice, sizeof(a->advice));
}

void why_nothing_on_n3(const struct why_judge *j)
{
	const struct why_counts *down = &j->f->seen.ways[WHY_DOWNLINK];
	char peer[ADDR_TEXT_MAX] = "the gNB", out[ADVICE_WORD_MAX];

	if (down->has_peer)
		addr_format(&down->peer, peer);
	if (why_next_hop_fails(j, &j->net->to_gnb, "the gNB"))
		return;
	if (why_has_xdp(j->net, down->out)) {
		taken_by_xdp(j, down->left, down->out);
		return;
	}
	why_because(j, "n3_silent",
		    "%" PRIu64 " downlink packet%s left for %s, TEID 0x%08x, and nothing came "
		    "back on N3",
		    down->left, plural(down->left), peer, down->teid);
	why_look(j,
		 "at the gNB: is that tunnel there, is the UE connected? Error Indications: tshark -i %s "
		 "gtp.message==26",
		 down->out[0] ? advice_word(down->out, out) : "N3");
}

void why_silent_gnb(const struct why_judge *j)
{
	bool v4 = addr_is_v4(&j->net->n3_silent);
	char to[ADDR_TEXT_MAX];

	addr_format(&j->net->n3_silent, to);
	why_because(j, "next_hop_silent", "nothing leaves on %s, where %s is asked for and does not answer %s",
		    j->net->n3, to, v4 ? "ARP" : "neighbour discovery");
	why_look(j,
		 "is it the gNB's N3 address that the SMF gave the UPF (PFCP)? %sip neigh show %s; is it up, and the "
		 "link to it?",
		 j->f->inside, to);
}

void why_nothing_past_bridge(const struct why_judge *j)
{
	const struct why_trace *t = &j->f->trace;
	char filter[FORWARD_CHAIN_MAX + 64];

	if (t->dropped >= (t->packets + 1) / 2)
		snprintf(filter, sizeof(filter), "%s there dropped %" PRIu64 " meanwhile", t->chain, t->dropped);
	else
		snprintf(filter, sizeof(filter), "the packet filter there may drop them");
	why_because(j, "bridge_filter",
		    "%" PRIu64
		    " uplink packet%s came to %s, a port of %s in %s, and none to %s: br_netfilter hands what "
		    "the bridge passes to the chain FORWARD, and %s",
		    t->packets, plural(t->packets), t->port, t->bridge, t->netns, t->interface, filter);
	why_look(j,
		 "%siptables -vnL FORWARD proves it; then %ssysctl net.bridge.bridge-nf-call-iptables=0, or %siptables "
		 "-I "
		 "FORWARD -m physdev --physdev-is-bridged -j ACCEPT",
		 t->inside, t->inside, t->inside);
}

/* To another UPF: what its data network answers comes back from there. */
static void nothing_from_upf(const struct why_judge *j)
{
	const struct why_counts *up = &j->f->seen.ways[WHY_UPLINK];
	const struct why_pdr *pdr = why_pdr_of(&j->f->session, WHY_UPLINK, up->has_rule, up->pdr_id);
	char upf[ADDR_TEXT_MAX] = "the other UPF", ue[ADDR_TEXT_MAX];

	if (pdr && pdr->has_peer)
		addr_format(&pdr->peer, upf);
	why_because(j, "n9_silent", "%" PRIu64 " uplink packet%s left on %s for %s (N9), and nothing came back",
		    up->left, plural(up->left), up->out[0] ? up->out : "N9", upf);
	why_look(j, "go on at %s: teide why %s on its node", upf, addr_format(&j->f->seen.ue, ue));
}

/* RFC 4861 6.3.7: an IPv6 UE has no address before the answer, and asks its own link. */
bool why_is_solicitation(const struct why_judge *j)
{
	const struct why_counts *up = &j->f->seen.ways[WHY_UPLINK];
	struct addr all_routers;

	return up->has_far_end && addr_parse("ff02::2", &all_routers) == 0 && addr_equal(&up->far_end, &all_routers);
}

void why_no_advertisement(const struct why_judge *j, uint64_t solicitations)
{
	why_because(j, "no_router_advertisement",
		    "the UE asks for an IPv6 prefix (%" PRIu64 " Router Solicitation%s), and no Router Advertisement "
		    "answers",
		    solicitations, plural(solicitations));
	why_look(j, "the SMF or the UPF has to answer (TS 23.501 5.8.2.2.3): is the session's type IPv6 there?");
}

void why_nothing_on_n6(const struct why_judge *j)
{
	const struct why_counts *up = &j->f->seen.ways[WHY_UPLINK];
	char dn[ADDR_TEXT_MAX] = "the data network", ue[ADDR_TEXT_MAX], out[ADVICE_WORD_MAX];

	if (up->left_n9 > up->to_other_ue) {
		nothing_from_upf(j);
		return;
	}
	if (why_is_solicitation(j)) {
		why_no_advertisement(j, up->left);
		return;
	}
	if (up->has_far_end)
		addr_format(&up->far_end, dn);
	if (j->net->to_dn.local) {
		why_because(j, "input_silent",
			    "%" PRIu64 " uplink packet%s for this node itself (%s), and no answer: a firewall rule "
			    "(INPUT), or no process listens",
			    up->arrived, plural(up->arrived), dn);
		why_look(j, "%siptables -vnL INPUT, %snft list ruleset", j->f->inside, j->f->inside);
		return;
	}
	if (why_next_hop_fails(j, &j->net->to_dn, "the data network"))
		return;
	if (why_has_xdp(j->net, up->out)) {
		taken_by_xdp(j, up->left, up->out);
		return;
	}
	addr_format(&j->f->seen.ue, ue);
	why_because(j, "n6_silent", "%" PRIu64 " uplink packet%s left on %s for %s, and nothing came back", up->left,
		    plural(up->left), up->out[0] ? up->out : "N6", dn);
	if (j->f->seen.translated)
		why_look(j, "does %s answer this node itself? %sping %s", dn, j->f->inside, dn);
	else
		why_look(j,
			 "at %s: is it alive, and is there a route back to %s by this node? Else NAT here: "
			 "%siptables -t nat -A POSTROUTING -o %s -j MASQUERADE",
			 dn, ue, j->f->inside, up->out[0] ? advice_word(up->out, out) : "N6");
}
