/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Routes of every table, and the way that packets of UEs take: policy rules and VRFs send them to other tables. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "netns_facts.h"
#include "rtnl_look.h"

/* What a default route takes, if any does: once the anycast addresses of 6to4 relays (RFC 7526, RFC 3068), and so no
 * data network's. */
#define SOMEWHERE 0xc0586301U /* 192.88.99.1 */
static const struct addr somewhere6 = {{0x20, 0x02, 0xc0, 0x58, 0x63, 0x01}};

#define PREFIXES_MAX 64 /* of pools, in one namespace */

struct prefix {
	struct rtnl_route route;
	struct ue_device *device;
};

struct reading {
	struct netns_facts *facts;
	struct prefix prefixes[PREFIXES_MAX];
	size_t n_prefixes;
};

static struct ue_device *find_device(struct netns_facts *f, unsigned ifindex)
{
	for (size_t i = 0; i < f->n_devices; i++)
		if (f->devices[i].ifindex == ifindex)
			return &f->devices[i];
	return NULL;
}

/* Every interface has a route to fe80::/64. */
static bool is_of_link(const struct rtnl_route *route)
{
	return !route->v4 && ((route->dst.b[0] == 0xfe && (route->dst.b[1] & 0xc0) == 0x80) || route->dst.b[0] == 0xff);
}

/* The third address of a network: the first is often the device's own. */
static struct addr address_of(const struct rtnl_route *route)
{
	struct addr a = route->dst;

	if ((route->v4 ? 32 : 128) - route->prefix_len >= 2)
		a.b[15] |= 2;
	return a;
}

static void note_pool(struct reading *r, struct ue_device *d, const struct rtnl_route *route)
{
	struct ue_pool *pool = &d->pools[route->v4 ? UE_V4 : UE_V6];

	if (!route->v4 && route->by_kernel && route->prefix_len == 128) /* the device's own address */
		return;
	if (!pool->routes++)
		pool->ue = address_of(route);
	if (r->n_prefixes < PREFIXES_MAX)
		r->prefixes[r->n_prefixes++] = (struct prefix){*route, d};
}

static bool is_counted(const struct rtnl_route *route)
{
	return route->table != RT_TABLE_LOCAL && route->ifindex && route->ifindex != LOOPBACK_IFINDEX &&
	       !is_of_link(route);
}

static void on_route(const struct rtnl_route *route, void *data)
{
	struct reading *r = data;
	struct netns_facts *f = r->facts;
	struct ue_device *d;

	if (!is_counted(route))
		return;
	d = find_device(f, route->ifindex);
	if (d) {
		note_pool(r, d, route);
	} else if (route->v4) {
		f->other_routes++;
		f->default_route |= !route->prefix_len;
	} else {
		f->other_routes6++;
		f->default_route6 |= !route->prefix_len;
	}
}

static bool is_within(const struct rtnl_route *route, const struct rtnl_route *pool)
{
	unsigned skipped = pool->v4 ? 96 : 0, bits = skipped + pool->prefix_len;

	if (route->v4 != pool->v4 || route->table != pool->table || !pool->prefix_len ||
	    route->prefix_len <= pool->prefix_len)
		return false;
	for (unsigned i = skipped; i < bits; i++)
		if ((route->dst.b[i / 8] ^ pool->dst.b[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

static void on_other_route(const struct rtnl_route *route, void *data)
{
	struct reading *r = data;

	if (!is_counted(route) || find_device(r->facts, route->ifindex))
		return;
	for (size_t i = 0; i < r->n_prefixes; i++) {
		struct ue_stray *stray = &r->prefixes[i].device->stray;

		if (!stray->prefix_len && is_within(route, &r->prefixes[i].route))
			*stray = (struct ue_stray){route->dst, route->prefix_len, route->ifindex};
	}
}

static enum ue_way judge_way(int r, const struct rtnl_way *way, bool forwards)
{
	if (r >= 0)
		return way->prefix_len ? UE_WAY_OTHER : UE_WAY_DEFAULT;
	if (r == -ENETUNREACH)
		return UE_WAY_NONE;
	/* IPv4 answers so where the interface does not forward, too. */
	return r == -EACCES || (r == -EHOSTUNREACH && forwards) ? UE_WAY_REFUSED : UE_WAY_UNKNOWN;
}

static void find_way(const struct netns_facts *f, struct ue_device *d, bool v6)
{
	struct ue_pool *pool = &d->pools[v6 ? UE_V6 : UE_V4];
	struct rtnl_arrival arrival = {.src = pool->ue, .ifindex = d->ifindex};
	struct rtnl_way way = {0};
	int r;

	if (!pool->routes)
		return;
	arrival.dst = v6 ? somewhere6 : addr_from_v4(htonl(SOMEWHERE));
	r = rtnl_way_from(&arrival, &way, NULL);
	pool->way = judge_way(r, &way, v6 || (f->ip_forward == 1 && d->forwarding == 1));
	pool->n6 = r >= 0 ? way.ifindex : 0;
}

void netns_facts_read_routes(struct netns_facts *f)
{
	struct reading r = {.facts = f};

	for (size_t i = 0; i < f->n_devices; i++)
		f->devices[i].ifindex = if_nametoindex(f->devices[i].name);
	if (rtnl_route_list(on_route, &r, NULL) < 0)
		return;
	if (r.n_prefixes)
		(void)rtnl_route_list(on_other_route, &r, NULL);
	for (size_t i = 0; i < f->n_devices; i++) {
		struct ue_device *d = &f->devices[i];

		d->routes = d->pools[UE_V4].routes;
		find_way(f, d, false);
		find_way(f, d, true);
	}
}
