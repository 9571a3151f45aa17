/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "plural.h"

/* What the tunnel puts before an inner packet: IPv4, UDP, GTP-U; of gtp5g also sequence number and
 * PDU Session Container (TS 29.281 5.1, TS 38.415). */
#define OVERHEAD_GTP 36
#define OVERHEAD_GTP5G 44

/* Counters never start anew, and a device sees packets that belong to no UE (neighbour discovery). */
#define FAULTS_MIN 100
#define FAULTS_PERCENT 1

static struct check *add(const struct netns_facts *f, struct report *r, const char *what, const char *id,
			 const char *device)
{
	struct check *c =
		report_add(r, CHECK_NETWORK, what, "network.%s.%s%s%s", f->name, id, device[0] ? "." : "", device);

	snprintf(c->netns, sizeof(c->netns), "%s", f->name);
	check_line(c, "in order");
	return c;
}

static void wrong(struct check *c, enum check_state state)
{
	c->state = state;
	c->line[0] = '\0';
}

static bool in_kernel(const struct ue_device *d)
{
	return strcmp(d->kind, "tun") != 0;
}

static enum check_state judge_counter(uint64_t faults, uint64_t all)
{
	if (!faults)
		return CHECK_OK;
	return faults >= FAULTS_MIN && faults >= all / 100 * FAULTS_PERCENT ? CHECK_LIMITED : CHECK_INFO;
}

static void judge_forwarding(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	char setting[ADVICE_SYSCTL_MAX];
	struct check *c;

	if (f->ip_forward < 0)
		return;
	c = add(f, r, "ip_forward", "ip_forward", d->name);
	check_set(c, CHECK_OK, "1");
	if (f->ip_forward && d->forwarding)
		return;
	check_set(c, CHECK_LIMITED, "0%s%s: uplink packets end after %s, at %s", f->ip_forward ? " at " : "",
		  f->ip_forward ? d->name : "", in_kernel(d) ? "decapsulation" : "the user-space UPF", d->name);
	wrong(c, CHECK_LIMITED);
	check_remedy(c, "%ssysctl %s", f->inside,
		     f->ip_forward ? advice_sysctl(d->name, "forwarding=1", setting) : "net.ipv4.ip_forward=1");
}

/* The kernel takes the stricter of all and the device's (ip-sysctl: rp_filter). */
static void judge_reverse_path(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	int value = MAX(f->rp_all, d->rp_filter);
	char setting[ADVICE_SYSCTL_MAX];
	struct check *c;

	if (f->rp_all < 0 || d->rp_filter < 0)
		return;
	c = add(f, r, "rp_filter", "rp_filter", d->name);
	check_set(c, CHECK_OK, "%d at %s", value, d->name);
	if (value == 0 || (value == 2 && (d->routes || f->default_route)))
		return;
	wrong(c, d->routes ? CHECK_INFO : CHECK_LIMITED);
	check_set(c, c->state,
		  d->routes ? "%d at %s: uplink passes only from sources that are routed to "
			      "it (not those of framed routes or other UPFs)"
			    : "%d at %s, and no route leads there: every uplink packet is "
			      "dropped as a martian",
		  value, d->name);
	check_remedy(c, "%ssysctl %s%s", f->inside, advice_sysctl(d->name, "rp_filter=0", setting),
		     f->rp_all ? " net.ipv4.conf.all.rp_filter=0" : "");
}

static void judge_pool_route(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	struct check *c = add(f, r, "UE pool", "ue_pool", d->name);
	char device[ADVICE_WORD_MAX];

	advice_word(d->name, device);
	check_set(c, CHECK_OK, "%u route%s to %s", d->routes, d->routes == 1 ? "" : "s", d->name);
	if (d->up && d->routes)
		return;
	wrong(c, CHECK_LIMITED);
	if (!d->up) {
		check_set(c, CHECK_LIMITED, "%s is down", d->name);
		check_remedy(c, "%sip link set dev %s up", f->inside, device);
		return;
	}
	check_set(c, CHECK_LIMITED, "no route to %s: downlink packets never reach the tunnel", d->name);
	check_remedy(c, "%sip route add UE-POOL dev %s (UE-POOL as the SMF has it, say 10.60.0.0/16)", f->inside,
		     device);
}

static void judge_way_out(const struct netns_facts *f, struct report *r)
{
	struct check *c = add(f, r, "way to N6", "n6", "");

	check_set(c, CHECK_OK, "%s; the way back (a route to this node, or NAT here) is the data network's",
		  f->default_route ? "a default route" : "routes to networks beside");
	if (f->default_route || f->other_routes > 1)
		return;
	wrong(c, CHECK_LIMITED);
	check_set(c, CHECK_LIMITED, "no default route, and %s: uplink packets find no data network",
		  f->other_routes ? "N3's network alone" : "no other");
	check_remedy(c,
		     "%sip route add default via GATEWAY; and, without a route back to the UE pool, "
		     "masquerade on N6",
		     f->inside);
}

static void judge_mtu(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	unsigned overhead = strcmp(d->kind, "gtp5g") ? OVERHEAD_GTP : OVERHEAD_GTP5G;
	char device[ADVICE_WORD_MAX];
	struct check *c;

	if (!f->n3_mtu || !in_kernel(d))
		return;
	c = add(f, r, "MTU", "mtu", d->name);
	check_set(c, CHECK_OK, "%s %u, %s %u", d->name, d->mtu, f->n3, f->n3_mtu);
	if (d->mtu + overhead <= f->n3_mtu)
		return;
	wrong(c, CHECK_INFO);
	check_set(c, CHECK_INFO,
		  "%s %u and %u bytes of tunnel exceed %u of %s: full-size downlink "
		  "packets are fragmented on N3, or lost where fragments are",
		  d->name, d->mtu, overhead, f->n3_mtu, f->n3);
	if (f->n3_mtu > overhead)
		check_remedy(c, "%sip link set dev %s mtu %u, or a larger MTU on N3", f->inside,
			     advice_word(d->name, device), f->n3_mtu - overhead);
}

static void judge_device_counters(const struct netns_facts *f, const struct ue_device *d, struct report *r)
{
	struct check *c = add(f, r, "tx_errors", "tx_errors", d->name);

	check_set(c, judge_counter(d->tx_errors, d->tx_errors + d->tx_packets),
		  "%" PRIu64 " downlink packets were refused by %s, %" PRIu64 " sent", d->tx_errors, d->name,
		  d->tx_packets);
	if (c->state != CHECK_OK) {
		wrong(c, c->state);
		check_remedy(c, "no session for the address, or no route to the gNB: "
				"teide trace --probe gtpu shows which");
	}
	c = add(f, r, "rx_dropped", "rx_dropped", d->name);
	check_set(c, judge_counter(d->rx_drops, d->rx_packets),
		  "%" PRIu64 " uplink packets dropped at %s after decapsulation, of %" PRIu64, d->rx_drops, d->name,
		  d->rx_packets);
	if (c->state != CHECK_OK) {
		wrong(c, c->state);
		check_remedy(c, "a backlog that is full: raise net.core.netdev_max_backlog, spread "
				"N3's queues over CPUs");
	}
}

static void judge_sockets(const struct netns_facts *f, struct report *r)
{
	char what[16];
	struct check *c;

	if (!f->sockets)
		return;
	snprintf(what, sizeof(what), "UDP %u", f->port ? f->port : 2152);
	c = add(f, r, what, "n3_socket", "");
	check_set(c, judge_counter(f->socket_drops, f->socket_drops + f->datagrams),
		  "%u socket%s, %" PRIu64 " datagram%s lost at a full receive queue", f->sockets, plural(f->sockets),
		  f->socket_drops, plural(f->socket_drops));
	if (c->state == CHECK_OK)
		return;
	wrong(c, c->state);
	check_remedy(c, "its process reads too slowly: a larger SO_RCVBUF (net.core.rmem_max), more CPU "
			"(teide run keeps a strategy for it)");
}

/* What is not in order first, and the rest as one line of text. */
static int compare(const void *a, const void *b)
{
	const struct check *x = a, *y = b;
	bool x_fine = x->line[0], y_fine = y->line[0];

	return x_fine != y_fine ? (int)x_fine - (int)y_fine : strcmp(x->id, y->id);
}

void doctor_judge_netns(const struct netns_facts *f, struct report *r)
{
	size_t first = r->len;

	for (size_t i = 0; i < f->n_devices; i++) {
		const struct ue_device *d = &f->devices[i];

		judge_forwarding(f, d, r);
		judge_reverse_path(f, d, r);
		judge_pool_route(f, d, r);
		judge_mtu(f, d, r);
		judge_device_counters(f, d, r);
	}
	if (f->n_devices)
		judge_way_out(f, r);
	judge_sockets(f, r);
	if (r->len > first)
		qsort(r->checks + first, r->len - first, sizeof(*r->checks), compare);
}
