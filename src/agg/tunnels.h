/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Totals and rates of tunnels and flows over the rows that a probe collects. A row carries what was
 * counted since the collection before it; here rows of one key add up. Pure: no clock of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

#define GTPU_G_PDU 255 /* TS 29.281 6.1 */
#define AGG_NETNS_MAX 64
#define AGG_OVERLAY_MAX 8

void agg_netns_copy(char to[static AGG_NETNS_MAX], const char *name);

/* What makes two rows the same tunnel or flow. Zeroed where a row does not say. */
struct agg_flow_key {
	char netns[AGG_NETNS_MAX]; /* a longer name keeps its begin and a hash of the whole */
	char interface[EVENT_NAME_MAX];
	uint32_t ifindex;
	uint32_t teid;
	bool tunnel;  /* a row "tunnel"; else a row "flow" */
	bool has_dir; /* dir is told */
	bool has_gtp; /* teid is told */
	bool has_type, has_qfi, has_vlan, has_inner_vlan, has_vni, has_cpu;
	bool has_outer, has_inner; /* the tuple is told, or a part of it */
	uint8_t dir;		   /* enum event_dir */
	uint8_t type;		   /* GTP-U message type: an End Marker is not the G-PDUs of its tunnel */
	uint8_t qfi;
	uint16_t vlan, inner_vlan;
	uint32_t vni;
	char overlay[AGG_OVERLAY_MAX]; /* "vxlan", "geneve" */
	uint32_t cpu;		       /* where rows are for each CPU */
	struct event_tuple outer;      /* a flow without GTP has its own addresses here */
	struct event_tuple inner;
};

struct agg_flow {
	struct agg_flow_key key;
	char owner[AGG_NETNS_MAX]; /* pod, or container, of the last row that told; "" */
	bool twin;		   /* its packets are counted at another interface too */
	bool has_direction;
	uint8_t direction;			   /* enum event_direction, of the last row that told */
	uint8_t tcp_flags;			   /* seen in any of its packets, as in TCP's header */
	uint64_t packets, bytes, segments;	   /* since the entry was made */
	uint64_t first_ns, last_ns;		   /* boot clock */
	double packets_per_s, bytes_per_s;	   /* as of the last tick */
	uint64_t interval_packets, interval_bytes; /* since the last tick */
	uint64_t interval_ns;			   /* how long their rows counted; 0: no row told */
	uint64_t window_packets, window_bytes;	   /* of which the rates are */
};

/* A G-PDU tunnel; another GTP-U message (TS 29.281 6.1); a flow inside a tunnel; any other flow. */
enum agg_kind { AGG_TUNNEL, AGG_MESSAGE, AGG_FLOW_INSIDE, AGG_FLOW_PLAIN, AGG_KINDS };

enum agg_kind agg_flow_kind(const struct agg_flow_key *key);

/* Every row ever added, whether or not the table had room for it. */
struct agg_flow_totals {
	uint64_t rows, packets, bytes;
	uint64_t refused_rows, refused_packets, refused_bytes; /* of these, the ones without room */
	uint64_t aged;					       /* entries dropped for being idle */
};

struct agg_flows;

/* At most max entries; an entry without a row for idle_ns is dropped by a tick (0: never). now_ns
 * (boot clock) begins the first interval. NULL when out of memory. */
struct agg_flows *agg_flows_new(size_t max, uint64_t idle_ns, uint64_t now_ns);
void agg_flows_free(struct agg_flows *f); /* NULL is fine */

/* Adds a row "tunnel" or "flow"; returns false for any other event, which is ignored. */
bool agg_flows_add(struct agg_flows *f, const struct event *row);

/* Ends the interval: rates become those over the time that its rows counted (F_INTERVAL_NS), or since the last tick
 * where no row tells. Call it once after the rows of one collection. */
void agg_flows_tick(struct agg_flows *f, uint64_t now_ns);

/* An interval shorter than that says little: its counts are taken together with those of the interval before. */
void agg_flows_least_interval(struct agg_flows *f, uint64_t ns);
/* Whether there has been enough time for a rate. */
bool agg_flows_rated(const struct agg_flows *f);

/* What the entries of that kind do not hold: rows that found no room, and entries that were dropped. Twins are left
 * out. Only counts and rates are filled. */
const struct agg_flow *agg_flows_rest(const struct agg_flows *f, enum agg_kind kind);

size_t agg_flows_len(const struct agg_flows *f);
struct agg_flow_totals agg_flows_totals(const struct agg_flows *f);

enum agg_sort { AGG_BY_BYTE_RATE, AGG_BY_PACKET_RATE, AGG_BY_BYTES, AGG_BY_PACKETS, AGG_BY_LAST, AGG_SORTS };

/* The entries, those with most of it first (the last seen), then most bytes, then by key, so that the order is stable.
 * *ret is an array of *ret_n pointers which the caller frees; what they point at is valid until the next add or tick. 0
 * or -ENOMEM. */
int agg_flows_sorted(const struct agg_flows *f, enum agg_sort by, const struct agg_flow ***ret, size_t *ret_n);
