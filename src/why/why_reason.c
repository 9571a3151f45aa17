/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why packets stop before a stage, and what to look at next. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "advice.h"
#include "cleanup.h"
#include "gtp5g.h"
#include "why_judge.h"

/* The module drops what has no PDR; which of its conditions failed is told by what was seen at N3. */
static void no_pdr_uplink(const struct why_judge *j)
{
	const char *rule = j->f->upf == WHY_UPF_GTP ? "PDP context" : "PDR";
	char other[ADDR_TEXT_MAX], ue[ADDR_TEXT_MAX], netns[WORD_MAX(WHY_NAME_MAX)];

	if (j->c->other_teid && j->pdr && j->pdr->has_teid) {
		why_because(j, "wrong_teid", "the gNB sends in TEID 0x%08x, the session's F-TEID is 0x%08x",
			    j->c->other_teid_value, j->pdr->teid);
		why_look(j, "which UL TEID did the AMF give the gNB (NGAP PDU Session Resource Setup), after a "
			    "handover too?");
	} else if (j->c->other_ue && j->f->seen.has_ue) {
		why_because(j, "wrong_ue", "packets in its tunnel come from %s, the session is of %s",
			    addr_format(&j->c->other_ue_value, other), addr_format(&j->f->seen.ue, ue));
		why_look(j, "the UE's address on its interface, or a framed route that the session lacks");
	} else if (!j->f->session.known) {
		why_because(j, "no_session", "no %s for TEID 0x%08x: the UPF has no such session", rule, j->c->teid);
		why_look(j, "did the SMF make it? UPF log; tcpdump -ni any udp port 8805 (PFCP)%s",
			 j->f->upf == WHY_UPF_GTP5G ? "; teide rules" : "");
	} else if (j->f->upf == WHY_UPF_GTP) {
		why_because(j, "not_plain",
			    "the PDP context fits, and the gtp module hands the packet on: it "
			    "takes no extension header (QFI)");
		why_look(j, "a gNB that sends plain GTP-U, or gtp5g in place of gtp");
	} else {
		why_because(j, "no_pdr",
			    "TEID and UE fit PDR %u, yet no PDR takes the packet: an SDF filter or "
			    "the local address",
			    j->pdr ? j->pdr->id : 0u);
		why_look(j, "teide rules%s%s; the SDF filters that the SMF sent", j->f->inside[0] ? " --netns " : "",
			 j->f->inside[0] ? escape_word_to(netns, sizeof(netns), j->f->netns) : "");
	}
}

static void no_pdr_downlink(const struct why_judge *j)
{
	bool gtp = j->f->upf == WHY_UPF_GTP;
	char ue[ADDR_TEXT_MAX];

	if (j->f->session.known && j->pdr) {
		why_because(j, "no_pdr", "there is a downlink %s, yet it does not take the packet: %s",
			    gtp ? "PDP context" : "PDR", gtp ? "another device's" : "an SDF filter");
		why_look(j, "teide rules; the SDF filters that the SMF sent");
		return;
	}
	why_because(j, j->f->session.known ? "no_pdr" : "no_session", "no %s for %s: %s",
		    gtp ? "PDP context" : "downlink PDR", addr_format(&j->f->seen.ue, ue),
		    j->f->session.known ? "the session has none of this direction" : "the UPF has no such session");
	why_look(j, "did the SMF make it? UPF log; tcpdump -ni any udp port 8805 (PFCP)");
}

static unsigned port_of(const struct why_judge *j)
{
	return j->f->port ? j->f->port : 2152; /* TS 29.281 4.4.2 */
}

static void unmatched(const struct why_judge *j)
{
	const struct why_outcome *o = why_worst(j->c, WHY_MATCHED);
	char in[ADVICE_WORD_MAX];

	if (!o || why_is(o->reason, "no_pdr") || why_is(o->verdict, "to_user")) {
		if (j->way == WHY_UPLINK)
			no_pdr_uplink(j);
		else
			no_pdr_downlink(j);
	} else if (why_is(o->reason, "not_ipv4")) {
		why_because(j, "not_ipv4", "gtp5g carries IPv4 alone");
		why_look(j, "an IPv4 PDU session");
	} else if (why_is(o->reason, "malformed_inner")) {
		why_because(j, o->reason, "the packets in the tunnel are shorter than an IPv4 header");
		why_look(j, "tshark -V -i %s 'udp port %u': what the gNB puts into the tunnel",
			 j->c->in[0] ? advice_word(j->c->in, in) : "N3", port_of(j));
	} else {
		why_because(j, o->reason ? o->reason : o->verdict, "GTP-U that the module does not take: %s",
			    o->reason ? o->reason : o->verdict);
		why_look(j, "tshark -V -i %s 'udp port %u': what the gNB sends",
			 j->c->in[0] ? advice_word(j->c->in, in) : "N3", port_of(j));
	}
}

static void dropped_by_far(const struct why_judge *j, const char *reason)
{
	unsigned far = j->pdr ? j->pdr->far_id : 0, id = j->pdr ? j->pdr->id : 0;

	if (why_is(reason, "no_far")) {
		why_because(j, reason, "PDR %u has no FAR", id);
		why_look(j, "the SMF's session rules: teide rules");
		return;
	}
	why_because(j, reason,
		    why_is(reason, "quota") ? "FAR %u of PDR %u drops: a URR's quota is used up"
					    : "FAR %u of PDR %u says drop",
		    far, id);
	why_look(j, why_is(reason, "quota") ? "credit at the CHF, and whether the SMF renews the quota"
					    : "why the SMF sent DROP (idle, released), or a URR whose quota is "
					      "used up: teide rules; SMF log");
}

static void dropped_by_qer(const struct why_judge *j, const char *reason)
{
	uint64_t mbr = !j->pdr ? 0 : j->way == WHY_UPLINK ? j->pdr->mbr_uplink : j->pdr->mbr_downlink;
	unsigned qer = j->pdr ? j->pdr->qer_id : 0;

	if (why_is(reason, "gate_closed")) {
		why_because(j, reason, "the %s gate of QER %u is closed", j->way == WHY_UPLINK ? "uplink" : "downlink",
			    qer);
		why_look(j, "the PCF's policy for this session (gate status); teide rules");
		return;
	}
	why_because(j, reason, "QER %u polices it to %" PRIu64 " kbit/s", qer, mbr);
	why_look(j, "the session's MBR or AMBR in subscription and policy; a sender above it loses packets");
}

static void no_way_to_gnb(const struct why_judge *j)
{
	const struct why_pdr *pdr = j->pdr;
	char peer[ADDR_TEXT_MAX] = "the FAR's peer";

	if (pdr && pdr->has_peer)
		addr_format(&pdr->peer, peer);
	why_because(j, "no_route", "no route leads to %s%s", j->way == WHY_DOWNLINK ? "the gNB " : "", peer);
	why_look(j, "%sip route get %s%s", j->f->inside, peer, j->net->down[0] ? "; is its interface up?" : "");
}

static void buffered(const struct why_judge *j)
{
	why_because(j, "buffered", "FAR %u buffers: the UE is idle, or its handover is not finished",
		    j->pdr ? j->pdr->far_id : 0u);
	why_look(j, "is the UE paged, and does the SMF set the FAR to forward again? teide rules --follow");
}

static void unhandled(const struct why_judge *j)
{
	const struct why_outcome *o = why_worst(j->c, WHY_HANDLED);
	const char *reason = o ? o->reason : NULL;

	if (o && why_is(o->verdict, "buffered")) {
		buffered(j);
	} else if (why_is(reason, "no_far") || why_is(reason, "far_drop") || why_is(reason, "quota")) {
		dropped_by_far(j, reason);
	} else if (why_is(reason, "gate_closed") || why_is(reason, "qer_red")) {
		dropped_by_qer(j, reason);
	} else if (why_is(reason, "no_route") ||
		   (why_is(reason, "unknown") && j->way == WHY_DOWNLINK && j->net->to_gnb.error)) {
		/* The gtp module does not tell it from other causes on every kernel; the routes do. */
		no_way_to_gnb(j);
	} else if (why_is(reason, "no_ran_address")) {
		why_because(j, reason, "FAR %u has no gNB to send to", j->pdr ? j->pdr->far_id : 0u);
		why_look(j, "did the gNB's address and TEID reach the SMF (NGAP Setup Response), and the UPF "
			    "(PFCP Session Modification)?");
	} else if (why_is(reason, "no_outer_header_removal")) {
		why_because(j, reason, "PDR %u lacks Outer Header Removal", j->pdr ? j->pdr->id : 0u);
		why_look(j, "the SMF's Create PDR: teide rules, column REMOVE");
	} else if (why_is(reason, "backlog_full")) {
		why_because(j, reason, "the kernel's receive backlog is full");
		why_look(j, "%ssysctl net.core.netdev_max_backlog: raise it; spread the queues of N3 over CPUs",
			 j->f->inside);
	} else {
		why_because(j, "unknown", "the module dropped it, and what it did does not tell why");
		why_look(j, "dmesg | grep gtp; teide trace --probe gtpu --set probes.gtpu.each_function=true");
	}
}

static bool is_device_down(const struct why_judge *j)
{
	char device[ADVICE_WORD_MAX];

	if (j->net->device_up || !j->net->device[0])
		return false;
	why_because(j, "device_down", "%s is down", j->net->device);
	why_look(j, "%sip link set dev %s up", j->f->inside, advice_word(j->net->device, device));
	return true;
}

static void say_not_delivered(const struct why_judge *j, const char *whose)
{
	why_because(
		j, "not_delivered",
		"they reach %s and not the %s's socket: a firewall (INPUT), or a destination that is not this node's",
		j->c->in[0] ? j->c->in : "N3", whose);
	why_look(j, "%siptables -vnL INPUT, %snft list ruleset; and ip addr: is the destination of the packets there?",
		 j->f->inside, j->f->inside);
}

/* A process that is stuck leaves them in the queue of its socket. */
static bool is_before_socket(const struct why_judge *j)
{
	const uint64_t *grown = j->f->grown.values;

	return !j->net->socket_queue && grown[WHY_UDP_READ] + grown[WHY_UDP6_READ] < (j->p->lost + 1) / 2;
}

/* A 5G UPF may not take packets without a PDU Session Container (TS 38.415 5.5.2). */
static void say_user_space(const struct why_judge *j)
{
	why_because(j, "user_space", "the UPF process puts nothing on %s: no rule takes the packets, or it is stuck%s",
		    j->net->device[0] ? j->net->device : "N6",
		    j->c->has_peer && !j->c->has_qfi ? "; they have no PDU Session Container (QFI), without which a 5G "
						       "UPF may not take them"
						     : "");
	why_look(j,
		 "log and session list of the UPF; %sss -lunm sport = :%u (since it began %" PRIu64
		 " were lost at a full queue)",
		 j->f->inside, port_of(j), j->net->socket_drops);
}

/* To the module, or to the user-space UPF. */
static void not_delivered(const struct why_judge *j)
{
	int rp = MAX(j->net->rp_all, j->net->rp_n3);

	if (j->net->sockets == 0) {
		why_because(j, "no_socket", "no socket listens at UDP %u in %s", port_of(j), j->f->netns);
		why_look(j, "is the UPF running? %sss -lun sport = :%u", j->f->inside, port_of(j));
	} else if (rp > 0 && j->net->to_gnb.asked && j->net->to_gnb.error) {
		why_because(j, "rp_filter",
			    "rp_filter is %d and no route leads back to the gNB: its packets are "
			    "dropped as martians",
			    rp);
		why_look(j, "%sip route add GNB-NETWORK via ...", j->f->inside);
	} else if (j->f->upf == WHY_UPF_USER && is_before_socket(j)) {
		say_not_delivered(j, "UPF");
	} else if (j->f->upf == WHY_UPF_USER && is_device_down(j)) {
		return;
	} else if (j->f->upf == WHY_UPF_USER && why_is_solicitation(j)) {
		why_no_advertisement(j, j->c->arrived);
	} else if (j->f->upf == WHY_UPF_USER) {
		say_user_space(j);
	} else {
		say_not_delivered(j, "module");
	}
}

static bool forwarding_is_off(const struct why_judge *j, const char *where)
{
	const struct why_network *net = j->net;
	bool v6 = j->f->seen.has_ue && !addr_is_v4(&j->f->seen.ue);
	char setting[ADVICE_SYSCTL_MAX];

	if (net->forwarding != 0 && !(j->way == WHY_UPLINK && net->device_forwarding == 0 && !v6))
		return false;
	if (net->forwarding != 0) {
		why_because(j, "ip_forward", "forwarding is off at %s: packets end there after decapsulation",
			    net->device);
		why_look(j, "%ssysctl %s", j->f->inside, advice_sysctl(net->device, "forwarding=1", setting));
		return true;
	}
	why_because(j, "ip_forward", "%s is 0: packets end %s", v6 ? "IPv6 forwarding" : "ip_forward", where);
	why_look(j, "%ssysctl %s=1", j->f->inside, v6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward");
	return true;
}

/* The kernel takes the stricter of all and the device's (ip-sysctl: rp_filter). Without an address the loose mode is as
 * strict as the other (fib_validate_source). */
static bool reverse_path(const struct why_judge *j)
{
	const struct why_route *back = &j->net->to_ue;
	int value = MAX(j->net->rp_all, j->net->rp_device);
	char ue[ADDR_TEXT_MAX], device[ADVICE_WORD_MAX], setting[ADVICE_SYSCTL_MAX];
	bool refused;

	if (!back->asked || value < 1 || !addr_is_v4(&j->f->seen.ue))
		return false;
	refused = back->error || ((value == 1 || !j->net->device_has_v4) && strcmp(back->interface, j->net->device));
	if (!refused)
		return false;
	addr_format(&j->f->seen.ue, ue);
	if (back->error)
		why_because(j, "rp_filter",
			    "rp_filter is %d and no route leads back to %s: dropped as martians "
			    "after decapsulation",
			    value, ue);
	else
		why_because(j, "rp_filter",
			    "rp_filter is %d and the route to %s goes by %s, not %s: dropped as "
			    "martians after decapsulation",
			    value, ue, back->interface, j->net->device);
	why_look(j, "%sip route replace UE-POOL dev %s, or sysctl %s net.ipv4.conf.all.rp_filter=0", j->f->inside,
		 advice_word(j->net->device, device), advice_sysctl(j->net->device, "rp_filter=0", setting));
	return true;
}

static void filtered(const struct why_judge *j, const char *chain)
{
	why_because(j, "filtered",
		    "forwarding and routes are in order: a firewall rule (%s) takes them, or a "
		    "policy route",
		    chain);
	why_look(j, "%siptables -vnL %s, %snft list ruleset, %sip rule", j->f->inside, chain, j->f->inside,
		 j->f->inside);
}

/* A policy rule may send a UE's packets to a table that refuses them, while the node's own get out. */
static bool route_refuses(const struct why_judge *j, const char *dn)
{
	const struct why_route *route = &j->net->forward;
	char ue[ADDR_TEXT_MAX], device[ADVICE_WORD_MAX];

	if (!route->asked || !route->error)
		return false;
	addr_format(&j->f->seen.ue, ue);
	why_because(j, "route_refuses", "the routes refuse packets of %s to %s that come from %s: %s", ue, dn,
		    j->net->device,
		    route->error == -EACCES	   ? "prohibited"
		    : route->error == -EINVAL	   ? "blackhole, or the source is refused"
		    : route->error == -ENETUNREACH ? "no route"
						   : "unreachable");
	why_look(j, "%sip route get %s from %s iif %s; %sip rule", j->f->inside, dn, ue,
		 advice_word(j->net->device, device), j->f->inside);
	return true;
}

/* What comes in from an address of this network namespace is a martian (RFC 1812 5.3.7). */
static bool ue_is_here(const struct why_judge *j)
{
	char ue[ADDR_TEXT_MAX], interface[ADVICE_WORD_MAX];

	if (!j->net->ue_interface[0] || !strcmp(j->net->ue_interface, j->net->device))
		return false;
	addr_format(&j->f->seen.ue, ue);
	why_because(
		j, "martian_source",
		"the UE is in the UPF's own network namespace: %s is the address of %s here, so that the kernel drops "
		"packets from it at %s as martians",
		ue, j->net->ue_interface, j->net->device);
	why_look(j,
		 "a network namespace of its own for nr-ue: ip netns add ue; %sip link set dev %s netns ue, and its "
		 "address "
		 "and routes there",
		 j->f->inside, advice_word(j->net->ue_interface, interface));
	return true;
}

static void not_on_n6(const struct why_judge *j)
{
	const struct why_route *out = &j->net->to_dn;
	char dn[ADDR_TEXT_MAX] = "the data network", where[64];

	/* The process itself sends on N6. */
	if (why_is_without_device(j->f))
		return not_delivered(j);
	if (j->c->has_far_end)
		addr_format(&j->c->far_end, dn);
	snprintf(where, sizeof(where), "after decapsulation, at %s", j->net->device);
	/* A link's own traffic, which no router forwards. */
	if (why_is_solicitation(j)) {
		why_no_advertisement(j, j->c->device);
		return;
	}
	if (ue_is_here(j) || forwarding_is_off(j, where) || reverse_path(j))
		return;
	if (out->asked && out->error) {
		why_because(j, "no_route_n6", "no route leads to %s", dn);
		why_look(j, "%sip route get %s; a default route to the data network?", j->f->inside, dn);
	} else if (out->asked && !out->error && !strcmp(out->interface, j->net->device)) {
		why_because(j, "route_loop", "the route to %s leads back to %s", dn, out->interface);
		why_look(j, "%sip route get %s; the route of the UE pool takes too much", j->f->inside, dn);
	} else if (!route_refuses(j, dn) && !why_next_hop_fails(j, out, "the data network")) {
		filtered(j, "FORWARD");
	}
}

/* Another network has the UE's address within it. Its route is longer than the pool's, which does not help then. */
static void say_stray(const struct why_judge *j, const char *ue)
{
	const struct why_route *in = &j->net->to_ue;
	const struct why_network_route *stray = &j->net->stray;
	char network[ADDR_TEXT_MAX], device[ADVICE_WORD_MAX];

	if (!stray->found || !stray->prefix_len) {
		why_because(j, "no_ue_route", "the route to %s goes by %s, not %s", ue, in->interface, j->net->device);
		return;
	}
	addr_format(&stray->dst, network);
	why_because(j, "no_ue_route", "the route to %s goes by %s, not %s: %s/%u of %s has the UE's address within it",
		    ue, in->interface, j->net->device, network, stray->prefix_len, in->interface);
	why_look(
		j,
		"give that network (a Docker network?) or the UEs other addresses; until then, for this UE alone: %sip "
		"route replace %s dev %s",
		j->f->inside, ue, advice_word(j->net->device, device));
}

static void not_at_device(const struct why_judge *j)
{
	const struct why_route *in = &j->net->to_ue;
	char ue[ADDR_TEXT_MAX], device[ADVICE_WORD_MAX];

	advice_word(j->net->device, device);
	addr_format(&j->f->seen.ue, ue);
	if (is_device_down(j))
		return;
	if (in->asked && (in->error || strcmp(in->interface, j->net->device))) {
		if (in->error)
			why_because(j, "no_ue_route", "no route leads to %s, which is behind %s", ue, j->net->device);
		else
			say_stray(j, ue);
		if (j->net->stray.found && j->net->stray.prefix_len)
			return;
		why_look(j, "%sip route replace UE-POOL dev %s (UE-POOL as the SMF has it, say 10.60.0.0/16)",
			 j->f->inside, device);
	} else if (!forwarding_is_off(j, "at N6")) {
		filtered(j, "FORWARD");
	}
}

/* The kernel counts what processes send before the packet filter sees it. */
static bool has_sent(const struct why_judge *j)
{
	const uint64_t *grown = j->f->grown.values;

	return grown[WHY_SENT] + grown[WHY_SENT6] >= (j->p->lost + 1) / 2;
}

static void not_on_n3(const struct why_judge *j)
{
	const struct why_route *out = &j->net->to_gnb;

	if (out->asked && out->error) {
		no_way_to_gnb(j);
	} else if (why_next_hop_fails(j, out, "the gNB")) {
		return;
	} else if (j->f->upf == WHY_UPF_USER && j->net->n3_has_silent) {
		why_silent_gnb(j);
	} else if (j->f->upf == WHY_UPF_USER && has_sent(j)) {
		filtered(j, "OUTPUT");
	} else if (j->f->upf == WHY_UPF_USER) {
		why_because(j, "user_space",
			    "the UPF process takes packets from %s and sends none on N3: no "
			    "rule takes them, or it is stuck",
			    j->net->device[0] ? j->net->device : "N6");
		why_look(j, "the UPF's log and session list");
	} else {
		filtered(j, "OUTPUT");
	}
}

static void reason_uplink(const struct why_judge *j)
{
	switch (j->p->stop) {
	case WHY_ARRIVED:
		return j->f->trace.packets ? why_nothing_past_bridge(j) : why_nothing_on_n3(j);
	case WHY_REACHED:
		return not_delivered(j);
	case WHY_MATCHED:
		return unmatched(j);
	case WHY_HANDLED:
		return j->f->module_ran ? unhandled(j) : not_delivered(j);
	case WHY_LEFT:
		return not_on_n6(j);
	}
}

static void reason_downlink(const struct why_judge *j)
{
	switch (j->p->stop) {
	case WHY_ARRIVED:
		return why_nothing_on_n6(j);
	case WHY_REACHED:
		return not_at_device(j);
	case WHY_MATCHED:
		return unmatched(j);
	case WHY_HANDLED:
		return unhandled(j);
	case WHY_LEFT:
		return not_on_n3(j);
	}
}

void why_reason(const struct why_facts *f, enum why_way way, struct why_path *p)
{
	const struct why_judge j = {
		.f = f,
		.net = &f->net,
		.c = &f->seen.ways[way],
		.way = way,
		.p = p,
		.pdr = why_pdr_of(&f->session, way, f->seen.ways[way].has_rule, f->seen.ways[way].pdr_id)};

	if (way == WHY_UPLINK)
		reason_uplink(&j);
	else
		reason_downlink(&j);
}
