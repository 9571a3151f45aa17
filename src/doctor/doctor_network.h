/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What lies beside the user plane in a network namespace and breaks sessions: forwarding, reverse path filter, routes,
 * MTU, packet filters, errors and drops; and what keeps teide from seeing packets. */
#pragma once

#include <stdint.h>

#include "doctor_report.h"
#include "doctor_user_plane.h"

struct network_options {
	const char *root; /* "" for the real one */
	uint16_t port;	  /* UDP port of GTP-U; 0: 2152 */
	int qos;	  /* gtp5g's switch; -1: unknown */
};

/* Visits every network namespace that has such a device or a socket at the UDP port of GTP-U. */
void doctor_network(const struct network_options *options, struct report *r);

void doctor_judge_netns(const struct user_plane *u, int qos, struct report *r);
/* An interface that has an XDP program and does not belong to the user plane. */
void doctor_judge_xdp(const struct user_plane *u, struct report *r);

/* The parts of doctor_judge_netns(), each in a file of its own. */
void network_judge_forwarding(const struct user_plane *u, struct report *r);
void network_judge_links(const struct user_plane *u, struct report *r);

/* The bridges to which interfaces of the user planes lead, in whichever namespaces. */
void network_judge_bridges(const char *root, const struct user_plane *planes, size_t n, struct report *r);

/* What the namespace is called, and how a command begins that runs inside. */
void network_name(const struct netns *ns, struct netns_facts *f);

/* A check of the namespace, about a device or "": in order until it is said to be wrong. */
struct check *network_check(const struct netns_facts *f, struct report *r, const char *what, const char *id,
			    const char *device);
void network_wrong(struct check *c, enum check_state state);
enum check_state network_judge_counter(uint64_t faults, uint64_t all);
bool network_in_kernel(const struct ue_device *d);
/* Whether its UEs have addresses of the family, as far as routes say. */
bool network_serves(const struct ue_device *d, int family);
