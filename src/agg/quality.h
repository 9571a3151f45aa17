/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How well tunnels, QoS flows and paths do, summed over the rows "sequence", "echo", "delay" and "error_indication".
 * Pure: no clock of its own. */
#pragma once

#include "event.h"
#include "tunnels.h"

/* What makes two rows the same. Zeroed where a row does not say. */
struct agg_quality_key {
	char netns[AGG_NETNS_MAX];
	char interface[EVENT_NAME_MAX];
	uint32_t ifindex;
	uint32_t teid;
	uint32_t vni;
	uint8_t dir;  /* enum event_dir */
	uint8_t kind; /* enum event_quality_kind, or AGG_QUALITY_ERROR */
	bool has_teid, has_qfi;
	uint8_t qfi;
	struct addr src, dst;
};

#define AGG_QUALITY_ERROR QUALITY_OF_MAX

struct agg_quality_entry {
	struct agg_quality_key key;
	struct event_quality sum; /* of an Error Indication only packets */
	uint64_t last_ns;
};

struct agg_quality;

/* At most max entries; one without a row for idle_ns is dropped by a tick. NULL when out of memory. */
struct agg_quality *agg_quality_new(size_t max, uint64_t idle_ns);
void agg_quality_free(struct agg_quality *a); /* NULL is fine */

/* false: it is another kind of row. One that finds no room is left out. */
bool agg_quality_add(struct agg_quality *a, const struct event *row);
void agg_quality_tick(struct agg_quality *a, uint64_t now_ns);

/* By kind, then those with most that is wrong first. As agg_flows_sorted(). */
int agg_quality_sorted(const struct agg_quality *a, const struct agg_quality_entry ***ret, size_t *ret_n);
