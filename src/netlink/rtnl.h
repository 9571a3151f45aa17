/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Links, addresses and routes (rtnetlink) of the calling thread's network namespace. Each call
 * opens a socket and closes it before it returns, so that nothing keeps a deleted namespace alive.
 * All return 0 or -errno, with err naming the thing. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "err.h"

struct rtnl_link {
	unsigned ifindex;
	unsigned peer_ifindex; /* IFLA_LINK: a veth's other end, a VLAN's lower device; 0: none */
	int peer_nsid;	       /* IFLA_LINK_NETNSID, where the peer lives elsewhere, as rtnl_nsid(); -1: here */
	unsigned master;       /* the bridge, bond or VRF that it belongs to; 0: none */
	uint32_t xdp_program;  /* id of the XDP program that runs first; 0: none */
	unsigned mtu;
	uint16_t type; /* ARPHRD_* (net/if_arp.h) */
	bool up;
	char name[IF_NAMESIZE];
	char kind[32]; /* "veth", "gtp5g", "tun"; empty where the device has none */
};

/* Calls visit for each link, once. -EINTR where links kept coming and going during the listing. */
int rtnl_link_list(void (*visit)(const struct rtnl_link *link, void *data), void *data, struct err *err);

/* One link by name; -ENODEV when there is none. */
int rtnl_link_get(const char *name, struct rtnl_link *ret, struct err *err);
/* The same by its number, which is not 0. */
int rtnl_link_at(unsigned ifindex, struct rtnl_link *ret, struct err *err);

/* The number by which the calling thread's namespace knows the one of the descriptor ns. Each
 * namespace numbers the others for itself. -ENOENT: it has no number for that one. */
int rtnl_nsid(int ns, int *ret, struct err *err);

/* A veth pair: name here, peer_name in the namespace of the descriptor peer_ns. */
int rtnl_veth_add(const char *name, unsigned mtu, const char *peer_name, int peer_ns, struct err *err);

int rtnl_link_set_up(const char *name, bool up, struct err *err);
int rtnl_link_set_mtu(const char *name, unsigned mtu, struct err *err);
int rtnl_link_rename(const char *name, const char *new_name, struct err *err);
int rtnl_link_delete(const char *name, struct err *err); /* -ENODEV when there is none */

/* IPv6 addresses skip duplicate address detection: usable at once. */
int rtnl_addr_add(const char *link, const struct addr *addr, unsigned prefix_len, struct err *err);

/* What comes from that IPv4 address goes out by the link: a default route in that table, and a rule that leads there.
 */
int rtnl_source_route_add(const struct addr *src, uint32_t table, const char *link, struct err *err);

/* dst/prefix_len through via (NULL: on the link) and link (NULL: by the way to via), one of which
 * is given. For IPv4 prefix_len counts from 0 to 32. */
int rtnl_route_add(const struct addr *dst, unsigned prefix_len, const struct addr *via, const char *link,
		   struct err *err);

/* Role of a gtp or gtp5g device. */
enum rtnl_gtp_role {
	RTNL_GTP_ROLE_UPF = 0, /* gtp: GGSN */
	RTNL_GTP_ROLE_RAN = 1, /* gtp: SGSN */
};

/* fd0 (GTPv0, UDP 3386) and fd1u (GTP-U, UDP 2152) are bound UDP sockets that must stay open for the
 * life of the device; both -1: the kernel makes its own, which it can from 5.11 on (earlier ones
 * answer -EINVAL). */
struct rtnl_gtp {
	int fd0, fd1u;
	unsigned hash_size; /* 0: the default */
	enum rtnl_gtp_role role;
};

/* A device of the in-tree gtp module (drivers/net/gtp.c). -EOPNOTSUPP when the kernel does not know
 * the kind. */
int rtnl_gtp_add(const char *name, const struct rtnl_gtp *gtp, struct err *err);

/* A device of gtp5g. fd1u: a UDP socket bound to port 2152 that stays open for the life of the
 * device. pdr_hash_size: not 0. -EOPNOTSUPP when the module is not loaded. */
int rtnl_gtp5g_add(const char *name, int fd1u, unsigned pdr_hash_size, enum rtnl_gtp_role role, struct err *err);
