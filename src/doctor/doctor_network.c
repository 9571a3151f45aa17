/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "plural.h"

/* Counters never start anew, and a device sees packets that belong to no UE (neighbour discovery). */
#define FAULTS_MIN 100
#define FAULTS_PERCENT 1

/* The first packets that a tunnel refuses are the device's own. */
#define OWN_PACKETS_MAX 10

struct check *network_check(const struct netns_facts *f, struct report *r, const char *what, const char *id,
			    const char *device)
{
	struct check *c =
		report_add(r, CHECK_NETWORK, what, "network.%s.%s%s%s", f->name, id, device[0] ? "." : "", device);

	snprintf(c->netns, sizeof(c->netns), "%s", f->name);
	check_line(c, "in order");
	return c;
}

void network_wrong(struct check *c, enum check_state state)
{
	c->state = state;
	c->line[0] = '\0';
}

bool network_in_kernel(const struct ue_device *d)
{
	return strcmp(d->kind, "tun") != 0;
}

enum check_state network_judge_counter(uint64_t faults, uint64_t all)
{
	if (!faults)
		return CHECK_OK;
	return faults >= FAULTS_MIN && faults >= all / 100 * FAULTS_PERCENT ? CHECK_LIMITED : CHECK_INFO;
}

bool network_serves(const struct ue_device *d, int family)
{
	return family == UE_V4 ? !d->ipv6_alone : d->pools[UE_V6].routes;
}

/* The kernel takes the stricter of all and the device's (ip-sysctl: rp_filter). */
static void judge_reverse_path(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	int value = MAX(f->rp_all, d->rp_filter);
	char setting[ADVICE_SYSCTL_MAX];
	struct check *c;

	if (f->rp_all < 0 || d->rp_filter < 0 || !network_serves(d, UE_V4))
		return;
	c = network_check(f, r, "rp_filter", "rp_filter", d->name);
	check_set(c, CHECK_OK, "%d at %s", value, d->name);
	if (value == 0 || (value == 2 && (d->routes || f->default_route)))
		return;
	network_wrong(c, d->routes ? CHECK_INFO : CHECK_LIMITED);
	check_set(c, c->state,
		  d->routes ? "%d at %s: uplink passes only from sources that are routed to "
			      "it (not those of framed routes or other UPFs)"
			    : "%d at %s, and no route leads there: every uplink packet is "
			      "dropped as a martian",
		  value, d->name);
	check_remedy(c, "%ssysctl %s%s", f->inside, advice_sysctl(d->name, "rp_filter=0", setting),
		     f->rp_all ? " net.ipv4.conf.all.rp_filter=0" : "");
}

/* N3's and N6's own networks may lie within a pool that is large. */
static const struct plane_link *find_stray(const struct user_plane *u, const struct ue_device *d)
{
	for (size_t i = 0; d->stray.prefix_len && i < u->n_links; i++)
		if (u->links[i].ifindex == d->stray.ifindex)
			return u->links[i].n3 || u->links[i].n6 ? NULL : &u->links[i];
	return NULL;
}

static void judge_stray(const struct ue_device *d, const struct plane_link *link, struct check *c)
{
	char text[ADDR_TEXT_MAX];

	network_wrong(c, CHECK_LIMITED);
	check_set(c, CHECK_LIMITED,
		  "%s/%u goes by %s, not %s: downlink packets to UEs with such addresses never reach the tunnel",
		  addr_format(&d->stray.dst, text), d->stray.prefix_len, link->name, d->name);
	check_remedy(c, "give that network or the UEs other addresses");
}

static void judge_pool_route(const struct user_plane *u, const struct ue_device *d, struct report *r)
{
	const struct netns_facts *f = &u->net;
	struct check *c = network_check(f, r, "UE pool", "ue_pool", d->name);
	unsigned routes6 = d->pools[UE_V6].routes, routes = d->ipv6_alone ? routes6 : d->routes;
	char device[ADVICE_WORD_MAX];

	advice_word(d->name, device);
	check_set(c, CHECK_OK, "%u route%s to %s", routes, plural(routes), d->name);
	if (d->up && routes && find_stray(u, d))
		judge_stray(d, find_stray(u, d), c);
	if (d->up && routes)
		return;
	network_wrong(c, CHECK_LIMITED);
	if (!d->up) {
		check_set(c, CHECK_LIMITED, "%s is down", d->name);
		check_remedy(c, "%sip link set dev %s up", f->inside, device);
		return;
	}
	check_set(c, CHECK_LIMITED, "no %sroute to %s: downlink packets%s never reach the tunnel",
		  routes6 ? "IPv4 " : "", d->name, routes6 ? " of IPv4" : "");
	check_remedy(c, "%sip route replace UE-POOL dev %s (UE-POOL as the SMF has it, say 10.60.0.0/16)", f->inside,
		     device);
}

/* IPv6 of the kernel itself: whatever sends it, the tunnel has no session for it. */
static uint64_t count_own(const struct ue_device *d)
{
	return network_in_kernel(d) && d->own_ipv6 ? MIN(d->tx_errors, (uint64_t)OWN_PACKETS_MAX) : 0;
}

static void judge_refused(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	struct check *c = network_check(f, r, "tx_errors", "tx_errors", d->name);
	uint64_t own = count_own(d), refused = d->tx_errors - own;
	char note[128] = "";

	if (own)
		snprintf(note, sizeof(note),
			 "; the first are the device's own IPv6 (router solicitations, MLD), about %d",
			 OWN_PACKETS_MAX);
	check_set(c, network_judge_counter(refused, refused + d->tx_packets),
		  "%" PRIu64 " packets were refused by %s, %" PRIu64 " sent%s", d->tx_errors, d->name, d->tx_packets,
		  note);
	if (own && !refused)
		network_wrong(c, CHECK_INFO);
	if (!refused)
		return;
	network_wrong(c, c->state);
	check_remedy(c, "no session for the address, or no route to the gNB: teide trace --probe gtpu shows which");
}

static void judge_dropped(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	struct check *c = network_check(f, r, "rx_dropped", "rx_dropped", d->name);

	check_set(c, network_judge_counter(d->rx_drops, d->rx_packets),
		  "%" PRIu64 " uplink packets dropped at %s after decapsulation, of %" PRIu64, d->rx_drops, d->name,
		  d->rx_packets);
	if (c->state == CHECK_OK)
		return;
	network_wrong(c, c->state);
	check_remedy(c, "a backlog that is full: raise net.core.netdev_max_backlog, spread "
			"N3's queues over CPUs");
}

static void judge_queue(const struct netns_facts *f, const char *what, struct report *r)
{
	struct check *c = network_check(f, r, what, "n3_socket", "");

	check_set(c, network_judge_counter(f->socket_drops, f->socket_drops + f->datagrams),
		  "%u socket%s, %" PRIu64 " datagram%s lost at a full receive queue", f->sockets, plural(f->sockets),
		  f->socket_drops, plural(f->socket_drops));
	if (c->state == CHECK_OK)
		return;
	network_wrong(c, c->state);
	check_remedy(c, "its process reads too slowly: a larger SO_RCVBUF (net.core.rmem_max), more CPU "
			"(teide run keeps a strategy for it)");
}

/* A device of the kernel's modules outlives its UPF, with its rules, and keeps the next one from starting. A gtp device
 * may live apart from its sockets: they stay in the namespace in which it was made. */
static void judge_receiver(const struct user_plane *u, const struct ue_device *d, const char *what, struct report *r)
{
	const struct netns_facts *f = &u->net;
	bool may_be_moved = !strcmp(d->kind, "gtp") && u->socket_elsewhere;
	struct check *c = network_check(f, r, what, "n3_socket", d->name);
	char device[ADVICE_WORD_MAX];

	network_wrong(c, may_be_moved ? CHECK_INFO : CHECK_LIMITED);
	check_set(c, c->state, "no process receives here: %sthe UPF has ended; its device %s and the rules are left",
		  may_be_moved ? "the UPF's socket is in another namespace, or " : "", d->name);
	check_remedy(c, "%sip link del dev %s, and start the UPF again%s", f->inside, advice_word(d->name, device),
		     may_be_moved ? ", if it has ended" : "");
}

/* The only socket may be a gNB's, on the same node. */
static bool lacks_receiver(const struct user_plane *u, const struct ue_device *d)
{
	return network_in_kernel(d) && (!u->net.sockets || (u->unheard && !strcmp(d->kind, "gtp5g")));
}

static void judge_sockets(const struct user_plane *u, struct report *r)
{
	const struct netns_facts *f = &u->net;
	char what[16];

	snprintf(what, sizeof(what), "UDP %u", f->port ? f->port : GTPU_PORT);
	if (f->sockets)
		judge_queue(f, what, r);
	for (size_t i = 0; i < f->n_devices; i++)
		if (lacks_receiver(u, &f->devices[i]))
			judge_receiver(u, &f->devices[i], what, r);
}

static void judge_rates(const struct user_plane *u, int qos, struct report *r)
{
	struct check *c;

	if (!u->limits || qos < 0)
		return;
	c = network_check(&u->net, r, "rate limits", "qos", "");
	check_set(c, CHECK_OK, "gtp5g enforces the MBR of %zu QER%s", u->limits, plural(u->limits));
	if (qos)
		return;
	network_wrong(c, CHECK_INFO);
	check_set(c, CHECK_INFO, "%zu of %zu QER%s ha%s an MBR, and gtp5g's qos is off: it enforces none", u->limits,
		  u->qers, plural(u->qers), u->limits == 1 ? "s" : "ve");
	check_remedy(c, "echo 1 > /proc/gtp5g/qos");
}

/* What is not in order first, and the rest as one line of text. */
static int compare(const void *a, const void *b)
{
	const struct check *x = a, *y = b;
	bool x_fine = x->line[0], y_fine = y->line[0];

	return x_fine != y_fine ? (int)x_fine - (int)y_fine : strcmp(x->id, y->id);
}

void doctor_judge_netns(const struct user_plane *u, int qos, struct report *r)
{
	const struct netns_facts *f = &u->net;
	size_t first = r->len;

	for (size_t i = 0; i < f->n_devices; i++) {
		const struct ue_device *d = &f->devices[i];

		judge_reverse_path(f, d, r);
		judge_pool_route(u, d, r);
		judge_refused(f, d, r);
		judge_dropped(f, d, r);
	}
	network_judge_forwarding(u, r);
	network_judge_links(u, r);
	judge_sockets(u, r);
	judge_rates(u, qos, r);
	if (r->len > first)
		qsort(r->checks + first, r->len - first, sizeof(*r->checks), compare);
}
