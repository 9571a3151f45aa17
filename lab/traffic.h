/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Traffic through the lab: as much as a person wants to look at, or exactly as much as a test
 * counts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "plan.h"

/* Broken GTP-U, sent as raw bytes from the gNB's namespace to the UPF's N3 port. */
enum lab_malformed {
	LAB_MALFORMED_SHORT,   /* fewer bytes than the mandatory header */
	LAB_MALFORMED_VERSION, /* version 2 */
	LAB_MALFORMED_LENGTH,  /* a length field beyond the datagram */
	LAB_MALFORMED_CHAIN,   /* extension headers without an end */
	LAB_MALFORMED_KINDS,
};

#define LAB_MALFORMED_ALL ((1U << LAB_MALFORMED_KINDS) - 1)

enum lab_family { LAB_FAMILY_BOTH, LAB_FAMILY_IPV4, LAB_FAMILY_IPV6 };

/* Without count, downloads, malformed and signalling: datagrams, pings and downloads side by side
 * for duration_ns. With one of them: exactly so much of it and nothing else. */
struct lab_traffic_options {
	uint64_t duration_ns;
	unsigned rate;		  /* datagrams and pings per second and UE; 0: gentle */
	uint64_t download_bytes;  /* of one download; one begins each second; 0: none */
	unsigned count;		  /* UDP datagrams per UE, over its flows and families in turn */
	unsigned downloads;	  /* downloads per UE, one after the other */
	unsigned malformed;	  /* bit set: 1 << enum lab_malformed */
	unsigned malformed_count; /* of each kind and gNB */
	unsigned signalling;	  /* of each per gNB: Echo Request, End Marker, G-PDU without tunnel */
	unsigned ue;		  /* only this UE and its gNB; 0: all */
	enum lab_family family;
	bool json; /* the report on standard output; as text otherwise */
};

void lab_traffic_defaults(struct lab_traffic_options *o);

/* Takes one option of "teide lab traffic", name without its dashes. -ENOENT when it is none of them,
 * -EINVAL when the value does not do. */
int lab_traffic_option(struct lab_traffic_options *o, const char *name, const char *value, struct err *err);

/* Sends from the nodes' namespaces, a thread each, until done or a signal asks to end (signals.h), and
 * prints what was sent and received. -EIO when something of an exact amount got lost. */
int lab_traffic(const struct lab_plan *plan, const struct lab_traffic_options *o, struct err *err);
