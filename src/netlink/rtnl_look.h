/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What rtnetlink knows of the calling thread's network namespace: addresses, the way to somewhere,
 * neighbours. Changes nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "err.h"

/* Calls visit for each address of each interface. 0 or -errno. */
int rtnl_addr_list(void (*visit)(unsigned ifindex, const struct addr *addr, void *data), void *data, struct err *err);

struct rtnl_way {
	unsigned ifindex;
	uint8_t prefix_len; /* of the route that matched; known of rtnl_way_from() */
	unsigned mtu;	    /* of the route, where it has one; else 0 */
	bool local;	    /* this node itself */
	bool has_gateway;
	struct addr gateway;
};

/* The way that a packet of this node to dst takes ("ip route get"). -ENETUNREACH where there is none,
 * -EHOSTUNREACH, -EACCES or -EINVAL where a route says unreachable, prohibit or blackhole. */
int rtnl_way_to(const struct addr *dst, struct rtnl_way *ret, struct err *err);

/* A packet that comes in, as one of a UE does at its tunnel's device. */
struct rtnl_arrival {
	struct addr src, dst; /* of one family */
	unsigned ifindex;     /* where it comes in */
};

/* The way that it takes from there, policy rules and VRFs included. -ENETUNREACH: no route; -EACCES or
 * -EHOSTUNREACH: a route says prohibit or unreachable, or (-EHOSTUNREACH, IPv4) the interface does not forward;
 * -EINVAL, -EXDEV: a blackhole, or the source is refused there. */
int rtnl_way_from(const struct rtnl_arrival *arrival, struct rtnl_way *ret, struct err *err);

/* A next hop of a route: one of several next hops is visited for itself. */
struct rtnl_route {
	bool v4;
	bool by_kernel; /* it came with an address of the interface */
	struct addr dst;
	uint8_t prefix_len; /* of IPv4 from 0 to 32 */
	uint32_t table;	    /* RT_TABLE_* */
	unsigned ifindex;
};

/* Calls visit for each route that forwards (unicast), of all tables and families. 0 or -errno. */
int rtnl_route_list(void (*visit)(const struct rtnl_route *route, void *data), void *data, struct err *err);

enum rtnl_neighbour {
	RTNL_NEIGHBOUR_UNKNOWN, /* no sender asked for it of late, or it needs none */
	RTNL_NEIGHBOUR_FOUND,
	RTNL_NEIGHBOUR_SILENT, /* it was asked for and does not answer */
};

int rtnl_neighbour(unsigned ifindex, const struct addr *addr, enum rtnl_neighbour *ret, struct err *err);

/* An address of that family that was asked for at the interface in the last seconds, and does not answer. */
struct rtnl_silent {
	bool found;
	struct addr addr;
};
int rtnl_silent(unsigned ifindex, bool v4, struct rtnl_silent *ret, struct err *err);
