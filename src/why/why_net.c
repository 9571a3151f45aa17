/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What lies beside the session in the UPF's namespace. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "rtnl_look.h"
#include "why_cli.h"

struct gather {
	struct why_site *site;
	const struct why_facts *f;
	struct why_network *net;
};

static int read_number(const char *path)
{
	char line[32];
	int value;

	if (!read_first_line("", path, line, sizeof(line)) || sscanf(line, "%d", &value) != 1)
		return -1;
	return value;
}

const struct why_link *why_link_of(const struct why_site *s, unsigned ifindex)
{
	for (size_t i = 0; i < s->n_links; i++)
		if (s->links[i].ifindex == ifindex)
			return &s->links[i];
	return NULL;
}

static const struct why_link *link_named(const struct why_site *s, const char *name)
{
	for (size_t i = 0; i < s->n_links; i++)
		if (!strcmp(s->links[i].name, name))
			return &s->links[i];
	return NULL;
}

/* What cannot be asked stays unasked: it is no finding. */
static void read_route(const struct why_site *s, const struct addr *dst, struct why_route *ret)
{
	enum rtnl_neighbour state = RTNL_NEIGHBOUR_UNKNOWN;
	const struct why_link *link;
	struct rtnl_way way = {0};
	int r = rtnl_way_to(dst, &way, NULL);

	ret->asked = r >= 0 || r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL;
	ret->error = r < 0 ? r : 0;
	if (r < 0)
		return;
	ret->local = way.local;
	link = why_link_of(s, way.ifindex);
	if (link) {
		snprintf(ret->interface, sizeof(ret->interface), "%s", link->name);
		ret->up = link->up || !strcmp(link->name, s->device);
		ret->mtu = way.mtu && way.mtu < link->mtu ? way.mtu : link->mtu;
	}
	ret->next_hop = way.has_gateway ? way.gateway : *dst;
	if (rtnl_neighbour(way.ifindex, &ret->next_hop, &state, NULL) >= 0)
		ret->next_hop_silent = state == RTNL_NEIGHBOUR_SILENT;
}

/* As the kernel looks it up for an uplink packet after decapsulation. */
static void read_forward(const struct gather *g, const struct addr *dst)
{
	const struct why_link *device = link_named(g->site, g->site->device);
	struct rtnl_arrival arrival = {.src = g->f->seen.ue, .dst = *dst};
	struct why_route *ret = &g->net->forward;
	struct rtnl_way way;
	int r;

	if (!device || !g->f->seen.has_ue || addr_is_v4(dst) != addr_is_v4(&arrival.src))
		return;
	arrival.ifindex = device->ifindex;
	r = rtnl_way_from(&arrival, &way, NULL);
	ret->asked = r >= 0 || r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL;
	ret->error = r < 0 ? r : 0;
}

static bool gnb_of(const struct why_facts *f, struct addr *ret)
{
	const struct why_pdr *down = why_pdr_of(&f->session, WHY_DOWNLINK, false, 0);
	const struct why_counts *c = f->seen.ways;

	if (down && down->has_peer)
		*ret = down->peer;
	else if (c[WHY_DOWNLINK].has_peer)
		*ret = c[WHY_DOWNLINK].peer;
	else if (c[WHY_UPLINK].has_peer)
		*ret = c[WHY_UPLINK].peer;
	else
		return false;
	return true;
}

static const char *interface_of_address(const struct why_site *s, const struct addr *a)
{
	const struct why_link *link;

	for (size_t i = 0; i < s->n_addresses; i++) {
		if (!addr_equal(&s->addresses[i], a))
			continue;
		link = why_link_of(s, s->owners[i]);
		return link ? link->name : "";
	}
	return "";
}

static bool is_within(const struct addr *a, const struct rtnl_route *route)
{
	unsigned bits = route->prefix_len + (route->v4 ? 96 : 0), whole = bits / 8;
	uint8_t rest = bits % 8 ? (uint8_t)(0xff00 >> bits % 8) : 0;

	return route->v4 == addr_is_v4(a) && !memcmp(a->b, route->dst.b, whole) &&
	       (!rest || ((a->b[whole] ^ route->dst.b[whole]) & rest) == 0);
}

/* The routes to the UE that lead where its packets go. */
struct stray_search {
	const struct addr *ue;
	unsigned ifindex;
	struct why_network_route *ret;
};

static void on_route(const struct rtnl_route *route, void *data)
{
	struct stray_search *s = data;

	if (route->ifindex != s->ifindex || !is_within(s->ue, route) ||
	    (s->ret->found && route->prefix_len <= s->ret->prefix_len))
		return;
	*s->ret = (struct why_network_route){.found = true, .dst = route->dst, .prefix_len = route->prefix_len};
}

static void find_stray(const struct gather *g)
{
	const struct why_link *link = link_named(g->site, g->net->to_ue.interface);
	struct stray_search search = {.ue = &g->f->seen.ue, .ret = &g->net->stray};

	if (!link || !strcmp(link->name, g->site->device))
		return;
	search.ifindex = link->ifindex;
	(void)rtnl_route_list(on_route, &search, NULL);
}

static void look_for_ue(const struct gather *g)
{
	const struct addr *ue = &g->f->seen.ue;

	read_route(g->site, ue, &g->net->to_ue);
	snprintf(g->net->ue_interface, sizeof(g->net->ue_interface), "%s", interface_of_address(g->site, ue));
	find_stray(g);
}

/* Where its F-TEID's address is; else where packets come from, or the route to the gNB leads. */
static void find_n3(const struct gather *g)
{
	const struct why_pdr *up = why_pdr_of(&g->f->session, WHY_UPLINK, false, 0);
	const char *name = up && up->has_teid ? interface_of_address(g->site, &up->local) : "";
	const struct why_link *link;
	char path[96];

	if (!name[0])
		name = g->f->seen.ways[WHY_UPLINK].in;
	if (!name[0])
		name = g->net->to_gnb.interface;
	link = link_named(g->site, name);
	if (!link)
		return;
	snprintf(g->net->n3, sizeof(g->net->n3), "%s", link->name);
	g->net->n3_up = link->up;
	g->net->n3_mtu = link->mtu;
	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", link->name);
	g->net->rp_n3 = read_number(path);
}

/* No packet says where a UPF in user space sends, if it does not leave. */
static void find_silent(const struct gather *g, bool v4)
{
	const struct why_link *n3 = link_named(g->site, g->net->n3);
	struct rtnl_silent silent = {.found = false};

	if (!n3 || g->f->seen.ways[WHY_DOWNLINK].left || rtnl_silent(n3->ifindex, v4, &silent, NULL) < 0)
		return;
	g->net->n3_has_silent = silent.found;
	g->net->n3_silent = silent.addr;
}

static void list_down(const struct gather *g)
{
	const struct why_link *l;
	size_t cursor = 0;

	while ((l = why_watched_link(g->site, &cursor))) {
		size_t len = strlen(g->net->down);
		bool device = !strcmp(l->name, g->site->device);

		if (device ? g->net->device_up : l->up)
			continue;
		snprintf(g->net->down + len, sizeof(g->net->down) - len, "%s%s", len ? ", " : "", l->name);
		if (!len)
			memcpy(g->net->first_down, l->name, sizeof(l->name));
	}
}

static void list_xdp(const struct gather *g)
{
	const struct why_link *l;
	size_t cursor = 0;

	while (g->net->n_xdp < WHY_XDP_MAX && (l = why_watched_link(g->site, &cursor)))
		if (l->xdp)
			memcpy(g->net->xdp[g->net->n_xdp++], l->name, sizeof(l->name));
}

static bool has_v4(const struct why_site *s, const char *device)
{
	const struct why_link *link = link_named(s, device);

	for (size_t i = 0; link && i < s->n_addresses; i++)
		if (s->owners[i] == link->ifindex && addr_is_v4(&s->addresses[i]))
			return true;
	return false;
}

static void take_doctor(const struct gather *g)
{
	const struct netns_facts *n = &g->site->netns;
	const struct ue_device *d = &n->devices[0];
	bool v6 = g->f->seen.has_ue && !addr_is_v4(&g->f->seen.ue);

	g->net->sockets = (int)n->sockets;
	g->net->socket_drops = n->socket_drops;
	g->net->socket_queue = n->socket_queue;
	g->net->rp_all = n->rp_all;
	g->net->forwarding = v6 ? read_number("/proc/sys/net/ipv6/conf/all/forwarding") : n->ip_forward;
	if (!n->n_devices)
		return;
	memcpy(g->net->device, d->name, sizeof(g->net->device));
	g->net->device_up = d->up;
	g->net->device_mtu = d->mtu;
	g->net->device_has_v4 = has_v4(g->site, d->name);
	g->net->device_forwarding = d->forwarding;
	g->net->rp_device = d->rp_filter;
	g->net->has_pool_route = d->routes;
}

static int gather(void *data, struct err *err)
{
	struct gather *g = data;
	const struct why_counts *ways = g->f->seen.ways;
	struct addr gnb;

	take_doctor(g);
	if (g->f->seen.has_ue)
		look_for_ue(g);
	if (ways[WHY_UPLINK].has_far_end) {
		read_route(g->site, &ways[WHY_UPLINK].far_end, &g->net->to_dn);
		read_forward(g, &ways[WHY_UPLINK].far_end);
	} else if (ways[WHY_DOWNLINK].has_far_end) {
		read_route(g->site, &ways[WHY_DOWNLINK].far_end, &g->net->to_dn);
	}
	if (gnb_of(g->f, &gnb))
		read_route(g->site, &gnb, &g->net->to_gnb);
	find_n3(g);
	find_silent(g, !gnb_of(g->f, &gnb) || addr_is_v4(&gnb));
	list_down(g);
	list_xdp(g);
	return 0;
}

int why_network(struct why_site *site, const struct why_facts *f, struct why_network *ret, struct err *err)
{
	struct gather g = {.site = site, .f = f, .net = ret};
	int r = why_read_site(site, err);

	*ret = (struct why_network){
		.forwarding = -1, .device_forwarding = -1, .rp_all = -1, .rp_device = -1, .rp_n3 = -1, .sockets = -1};
	return r < 0 ? r : why_inside(site, gather, &g, err);
}
