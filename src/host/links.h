/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The network interfaces of this node, in all its network namespaces, and which belong together. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "netns.h"
#include "rtnl.h"

#define LINKS_MAX 65536
#define LINK_REQUESTS_MAX 8192 /* of the kernel, while the peers of one list are looked for */

struct node_link {
	uint64_t netns_inode;
	char netns[NETNS_NAME_MAX]; /* "" for the calling thread's own; else a name, or the inode in digits */
	struct rtnl_link link;
};

struct link_list {
	struct node_link *items; /* owned */
	size_t len;
	size_t left_out; /* beyond LINKS_MAX */
	struct netns_list namespaces;
	size_t requests; /* so far, of LINK_REQUESTS_MAX */
};

void link_list_free(struct link_list *list); /* usable with _cleanup_ */

/* 0 or -errno; a namespace that cannot be looked into is left out. */
int link_list(struct link_list *ret, struct err *err);

const struct node_link *link_find(const struct link_list *list, uint64_t netns_inode, unsigned ifindex); /* or NULL */

/* A veth's other end, a VLAN's lower device. For a peer in another namespace the kernel gives an ifindex, which several
 * namespaces may have, and a number of the namespace: the kernel is asked which namespace has that number. NULL where
 * there is no peer, its namespace was not found, or LINK_REQUESTS_MAX is reached. */
const struct node_link *link_peer(struct link_list *list, const struct node_link *of);
