/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The interfaces of N3 and N6: what fits through them, and what teide does not see there. */
#include <string.h>

#include "cleanup.h"
#include "doctor_network.h"

/* What the tunnel puts before an inner packet: IPv4, UDP, GTP-U; of 5G also a PDU Session Container and, with it, the
 * field of the sequence number (TS 29.281 5.1, TS 38.415). */
#define OVERHEAD_GTP 36
#define OVERHEAD_5G 44

static const struct plane_link *narrowest_n3(const struct user_plane *u)
{
	const struct plane_link *least = NULL;

	for (size_t i = 0; i < u->n_links; i++)
		if (u->links[i].n3 && (!least || u->links[i].mtu < least->mtu))
			least = &u->links[i];
	return least;
}

static void judge_mtu(const struct user_plane *u, const struct ue_device *d, struct report *r)
{
	unsigned overhead = strcmp(d->kind, "gtp") ? OVERHEAD_5G : OVERHEAD_GTP;
	const struct plane_link *n3 = narrowest_n3(u);
	char device[ADVICE_WORD_MAX];
	struct check *c;

	if (!n3)
		return;
	c = network_check(&u->net, r, "MTU", "mtu", d->name);
	check_set(c, CHECK_OK, "%s %u, %s %u", d->name, d->mtu, n3->name, n3->mtu);
	if (d->mtu + overhead <= n3->mtu)
		return;
	network_wrong(c, CHECK_INFO);
	check_set(c, CHECK_INFO,
		  "%s %u and %u bytes of tunnel exceed %u of %s%s: full-size downlink "
		  "packets are fragmented on N3, or lost where fragments are or the UPF forbids them (DF)",
		  d->name, d->mtu, overhead, n3->mtu, n3->name,
		  u->n3_known ? "" : " (N3, if it is that: no rule and no socket tells)");
	if (n3->mtu > overhead)
		check_remedy(c, "%sip link set dev %s mtu %u, or a larger MTU on N3", u->net.inside,
			     advice_word(d->name, device), n3->mtu - overhead);
}

static bool is_n6_of(const struct plane_link *l, const struct ue_device *d)
{
	unsigned v4 = d->pools[UE_V4].n6, v6 = d->pools[UE_V6].n6;

	return v4 || v6 ? l->ifindex == v4 || l->ifindex == v6 : l->n6;
}

static const struct plane_link *find_n6(const struct user_plane *u, const struct ue_device *d)
{
	for (size_t i = 0; i < u->n_links; i++)
		if (is_n6_of(&u->links[i], d))
			return &u->links[i];
	return NULL;
}

/* N6 wider than the tunnel: each long packet that may not be fragmented is answered by ICMP. */
static void judge_n6_mtu(const struct user_plane *u, const struct ue_device *d, struct report *r)
{
	const struct plane_link *n6 = find_n6(u, d);
	char device[ADVICE_WORD_MAX];
	struct check *c;

	if (!n6)
		return;
	c = network_check(&u->net, r, "MTU of N6", "n6_mtu", d->name);
	check_set(c, CHECK_OK, "%s %u, %s %u", n6->name, n6->mtu, d->name, d->mtu);
	if (n6->mtu <= d->mtu)
		return;
	network_wrong(c, CHECK_INFO);
	check_set(c, CHECK_INFO,
		  "%s %u exceeds %u of %s: where the data network drops ICMP (fragmentation needed), ping works and "
		  "downloads hang",
		  n6->name, n6->mtu, d->mtu, d->name);
	check_remedy(c,
		     "%siptables -t mangle -A FORWARD -o %s -p tcp --tcp-flags SYN,RST SYN -j TCPMSS "
		     "--clamp-mss-to-pmtu",
		     u->net.inside, advice_word(d->name, device));
}

static void judge_merging(const struct user_plane *u, const struct plane_link *l, struct report *r)
{
	char interface[ADVICE_WORD_MAX];
	struct check *c;

	if (!l->n3 || !l->features_known)
		return;
	c = network_check(&u->net, r, "UDP GRO", "udp_gro", l->name);
	check_set(c, CHECK_OK, "off at %s", l->name);
	if (!l->merges)
		return;
	network_wrong(c, CHECK_INFO);
	check_set(c, CHECK_INFO,
		  "UDP GRO is on at %s: GTP-U packets of one sender come as one, whatever their tunnel: teide counts "
		  "each "
		  "for its own, tcpdump and the socket's queue show them as one",
		  l->name);
	check_remedy(c, "%sethtool -K %s rx-udp-gro-forwarding off rx-gro-list off", u->net.inside,
		     advice_word(l->name, interface));
}

static void judge_xdp(const struct user_plane *u, const struct plane_link *l, struct report *r)
{
	struct check *c;

	if (!l->xdp[0])
		return;
	c = network_check(&u->net, r, "XDP", "xdp", l->name);
	network_wrong(c, l->n3 || l->n6 ? CHECK_LIMITED : CHECK_INFO);
	check_set(c, c->state, "%s has an XDP program (%s): what it takes or sends is not seen at TC", l->name, l->xdp);
	check_remedy(c, "watch the other end of the link: the gNB's interface, or the data network's");
}

void doctor_judge_xdp(const struct user_plane *u, struct report *r)
{
	for (size_t i = 0; i < u->n_links; i++)
		judge_xdp(u, &u->links[i], r);
}

void network_judge_links(const struct user_plane *u, struct report *r)
{
	for (size_t i = 0; i < u->net.n_devices; i++) {
		judge_mtu(u, &u->net.devices[i], r);
		judge_n6_mtu(u, &u->net.devices[i], r);
	}
	for (size_t i = 0; i < u->n_links; i++)
		judge_merging(u, &u->links[i], r);
	doctor_judge_xdp(u, r);
}
