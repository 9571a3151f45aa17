/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What rtnetlink knows of the calling thread's network namespace: addresses, the way to somewhere,
 * neighbours. Changes nothing. */
#pragma once

#include <stdbool.h>

#include "addr.h"
#include "err.h"

/* Calls visit for each address of each interface. 0 or -errno. */
int rtnl_addr_list(void (*visit)(unsigned ifindex, const struct addr *addr, void *data), void *data, struct err *err);

struct rtnl_way {
	unsigned ifindex;
	unsigned mtu; /* of the route, where it has one; else 0 */
	bool local;   /* this node itself */
	bool has_gateway;
	struct addr gateway;
};

/* The way that a packet of this node to dst takes ("ip route get"). -ENETUNREACH where there is none,
 * -EHOSTUNREACH, -EACCES or -EINVAL where a route says unreachable, prohibit or blackhole. */
int rtnl_way_to(const struct addr *dst, struct rtnl_way *ret, struct err *err);

enum rtnl_neighbour {
	RTNL_NEIGHBOUR_UNKNOWN, /* no sender asked for it of late, or it needs none */
	RTNL_NEIGHBOUR_FOUND,
	RTNL_NEIGHBOUR_SILENT, /* it was asked for and does not answer */
};

int rtnl_neighbour(unsigned ifindex, const struct addr *addr, enum rtnl_neighbour *ret, struct err *err);
