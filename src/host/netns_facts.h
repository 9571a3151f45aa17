/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What decides in a network namespace whether packets of UEs pass: devices, sysctls, routes, UDP sockets. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "advice.h"

#define UE_DEVICES_MAX 16
#define NETNS_FACTS_NAME_MAX 64
#define GTPU_PORT 2152	   /* TS 29.281 4.4.2 */
#define LOOPBACK_IFINDEX 1 /* in every network namespace */

enum { UE_V4, UE_V6, UE_FAMILIES };

/* What becomes of a packet of a UE to the Internet. */
enum ue_way {
	UE_WAY_UNKNOWN,
	UE_WAY_DEFAULT, /* a default route takes it */
	UE_WAY_OTHER,	/* another route */
	UE_WAY_NONE,	/* no route */
	UE_WAY_REFUSED, /* a route says unreachable or prohibit */
};

/* A device's UEs of one address family. */
struct ue_pool {
	unsigned routes; /* to networks behind the device, in whichever table */
	struct addr ue;	 /* an address of one of them */
	enum ue_way way; /* by the rules that hold for what comes in at the device */
	unsigned n6;	 /* ifindex where it leaves; 0: unknown */
};

/* A part of a pool whose route, the longer one, goes by another interface. */
struct ue_stray {
	struct addr dst;
	uint8_t prefix_len; /* 0: there is none */
	unsigned ifindex;
};

/* A device between tunnels and inner packets: gtp, gtp5g, or a user-space UPF's TUN. */
struct ue_device {
	char name[IF_NAMESIZE];
	char kind[32];
	unsigned mtu;
	bool up;
	int rp_filter, forwarding; /* of the device; -1: unknown */
	unsigned ifindex;	   /* 0: gone */
	unsigned routes;	   /* to IPv4 networks behind it: pools[UE_V4].routes */
	bool own_ipv6;		   /* the kernel sends IPv6 packets of its own there */
	bool force_ipv6;	   /* forwards IPv6 whatever "all" says (force_forwarding, Linux 6.17) */
	bool ipv6_alone;	   /* its UEs have no IPv4, given by the caller */
	struct ue_pool pools[UE_FAMILIES];
	struct ue_stray stray; /* the first */
	uint64_t rx_packets, rx_drops, tx_packets, tx_errors;
};

struct netns_facts {
	char name[NETNS_FACTS_NAME_MAX];
	uint16_t port;			/* UDP port of GTP-U, given by the caller; 0: 2152 */
	char inside[ADVICE_INSIDE_MAX]; /* what a command begins with that runs in there */
	struct ue_device devices[UE_DEVICES_MAX];
	size_t n_devices;
	int ip_forward, rp_all; /* -1: unknown */
	int ip6_forward;	/* of all interfaces; -1: unknown, or no IPv6 */
	unsigned other_routes;	/* of IPv4, not through the devices, not the loopback's */
	bool default_route;	/* one of those */
	unsigned other_routes6; /* the same of IPv6 */
	bool default_route6;
	unsigned sockets;      /* that are bound to GTP-U's port */
	bool loopback;	       /* one of them is bound to an address of the loopback device */
	bool ran;	       /* a gNB or a UE is here: N2 to an AMF, or UERANSIM's radio link */
	uint64_t socket_drops; /* of them: their receive queue was full */
	uint64_t socket_queue; /* bytes that wait in their receive queues now */
	uint64_t datagrams;    /* all that UDP delivered in this namespace */
	uint64_t forwarded;    /* IPv4 packets */
};

/* Reads proc/thread-self/net and proc/sys/net below root for the devices that are in f already, and asks the kernel for
 * the routes of the calling thread's namespace. */
void netns_facts_read(const char *root, struct netns_facts *f);

/* The part that asks the kernel: what is known by /proc is in f already. */
void netns_facts_read_routes(struct netns_facts *f);
