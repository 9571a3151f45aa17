/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What decides in a network namespace whether packets of UEs pass: devices, sysctls, routes, UDP sockets. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "advice.h"

#define UE_DEVICES_MAX 16
#define NETNS_FACTS_NAME_MAX 64

/* A device between tunnels and inner packets: gtp, gtp5g, or a user-space UPF's TUN. */
struct ue_device {
	char name[IF_NAMESIZE];
	char kind[32];
	unsigned mtu;
	bool up;
	int rp_filter, forwarding; /* of the device; -1: unknown */
	unsigned routes;	   /* to networks behind it */
	uint64_t rx_packets, rx_drops, tx_packets, tx_errors;
};

struct netns_facts {
	char name[NETNS_FACTS_NAME_MAX];
	uint16_t port;			/* UDP port of GTP-U, given by the caller; 0: 2152 */
	char inside[ADVICE_INSIDE_MAX]; /* what a command begins with that runs in there */
	struct ue_device devices[UE_DEVICES_MAX];
	size_t n_devices;
	int ip_forward, rp_all; /* -1: unknown */
	unsigned n3_mtu;	/* the least of the interfaces that are up beside them; 0: none */
	char n3[IF_NAMESIZE];	/* that one */
	unsigned other_routes;	/* not through the devices, not the loopback's */
	bool default_route;	/* one of those */
	unsigned sockets;	/* that are bound to GTP-U's port */
	uint64_t socket_drops;	/* of them: their receive queue was full */
	uint64_t datagrams;	/* all that UDP delivered in this namespace */
};

/* Reads proc/thread-self/net and proc/sys/net below root for the devices that are in f already. */
void netns_facts_read(const char *root, struct netns_facts *f);
