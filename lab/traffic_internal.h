/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The traffic generator's parts: workers that count, and the report that adds up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan.h"
#include "traffic.h"

enum traffic_kind {
	TRAFFIC_ICMP4,
	TRAFFIC_ICMP6,
	TRAFFIC_UDP4,
	TRAFFIC_UDP6,
	TRAFFIC_KINDS,
};

struct traffic_count {
	uint64_t sent, received;
	uint64_t bytes_sent, bytes_received; /* of payload: UDP, or ICMP behind its header */
	uint64_t bad;			     /* replies that were not waited for, or with other content */
};

struct traffic_tcp {
	uint64_t begun, done, failed;
	uint64_t bytes;
};

struct traffic_signalling {
	uint64_t echo_requests, echo_responses;
	uint64_t end_markers;
	uint64_t unknown_teids; /* G-PDUs of a tunnel that is not there */
};

/* What one worker did; that worker alone writes. */
struct traffic_result {
	struct traffic_count kinds[TRAFFIC_KINDS];
	struct traffic_count flows[LAB_FLOWS_MAX + 1]; /* UDP by QoS flow, from 1 */
	struct traffic_tcp tcp;
	uint64_t malformed[LAB_MALFORMED_KINDS];
	struct traffic_signalling signalling;
};

struct traffic_worker {
	const struct lab_plan *plan;
	const struct lab_traffic_options *options;
	unsigned index; /* of the UE or the gNB, from 1 */
	const char *netns;
	unsigned rate;	 /* packets per second */
	unsigned window; /* in the exact mode: echoes on their way */
	int stop_fd;	 /* readable for ever once interrupted */
	struct traffic_result result;
	struct err err; /* when run() failed */

	/* Runs in netns. 0, also when interrupted, or -errno with err set. */
	int (*run)(struct traffic_worker *w);
};

/* Pings and UDP datagrams, paced for the duration or as the exact count asks. */
int traffic_run_packets(struct traffic_worker *w);
/* TCP downloads, one a second for the duration, or an exact number. */
int traffic_run_downloads(struct traffic_worker *w);
/* Broken GTP-U; index is a gNB's. */
int traffic_run_malformed(struct traffic_worker *w);
/* GTP-U signalling; index is a gNB's. */
int traffic_run_signalling(struct traffic_worker *w);

/* A non-blocking UDP socket from a gNB's ephemeral port to its UPF. -errno with w->err set. */
int traffic_n3_socket(struct traffic_worker *w);

/* Where UEs share a namespace, the UE's address says from which device the socket sends. 0 or -errno. */
int traffic_bind(const struct traffic_worker *w, int fd, bool ipv6_socket);

/* The first UE of the worker's gNB; UE 1 when it has none. */
const struct lab_ue *traffic_gnb_ue(const struct traffic_worker *w);

/* RFC 1071, as it goes into the packet. */
uint16_t traffic_checksum(const uint8_t *p, size_t len);

static inline bool traffic_wants(const struct lab_traffic_options *o, const struct lab_plan *plan, bool ipv6)
{
	if (ipv6)
		return o->family != LAB_FAMILY_IPV4 && plan->options.inner_ipv6;
	return o->family != LAB_FAMILY_IPV6;
}

const char *traffic_malformed_name(enum lab_malformed kind);

void traffic_report(const struct lab_plan *plan, const struct lab_traffic_options *o,
		    const struct traffic_result *total, uint64_t elapsed_ns);
