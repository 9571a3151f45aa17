/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A container's interface ends at a bridge of another network namespace: with br_netfilter that namespace's packet
 * filter sees what the bridge passes from port to port, and packets are lost before they reach the UPF's. */
#pragma once

#include "advice.h"
#include "forward_policy.h"
#include "netns.h"
#include "why.h"

#define WHY_BRIDGES_MAX 4
#define WHY_PORTS_MAX 16

struct why_bridge {
	struct netns ns; /* where it is */
	char name[WHY_NAME_MAX], event_name[NETNS_NAME_MAX], inode[24], inside[ADVICE_INSIDE_MAX];
	char bridge[IF_NAMESIZE];
	unsigned ifindex;
	uint64_t upf; /* inode of the network namespace whose interface is on it */
	char interface[IF_NAMESIZE];
	char ports[WHY_PORTS_MAX][IF_NAMESIZE]; /* without the port of that interface */
	size_t n_ports;
	bool filters; /* net.bridge.bridge-nf-call-iptables */
	struct forward_policy policy;
	uint64_t dropped_before; /* by it */
};

struct why_bridges {
	struct why_bridge items[WHY_BRIDGES_MAX];
	size_t n;
};

struct why_sites;

/* Those of other network namespaces than the sites that filter what they pass. What cannot be listed is left out. */
void why_bridges_find(const struct why_sites *sites, struct why_bridges *ret);
/* Reads what their packet filters dropped. */
void why_bridges_read(struct why_bridges *b, bool begins);

struct why_seen;

/* The session's uplink packets that came in at a port of a bridge of that network namespace's. */
void why_bridges_trace(const struct why_seen *s, const struct why_bridges *b, uint64_t upf, struct why_trace *ret);
