/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each FAR kept or dropped so far, for the record of its next change: that is exact also where
 * changes come faster than counts are collected. Part of gtpu.bpf.c. */
#pragma once

#include "gtpu.h"
#include "ring.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GTPU_FARS_MAX);
	__type(key, struct gtpu_far_key);
	__type(value, struct gtpu_far_counts);
} gtpu_fars SEC(".maps");

static __always_inline struct gtpu_far_counts *far_counts(const struct gtpu_far_key *key)
{
	struct gtpu_far_counts *c = bpf_map_lookup_elem(&gtpu_fars, key);

	if (!c) {
		struct gtpu_far_counts none = {};

		bpf_map_update_elem(&gtpu_fars, key, &none, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&gtpu_fars, key);
	}
	return c;
}

static __noinline int count_far(const struct gtpu_record *r)
{
	struct gtpu_far_key key = {.seid = r->seid, .far_id = r->far_id, .netns = (__u32)r->netns};
	struct gtpu_far_counts *c = far_counts(&key);

	if (!c)
		return 0;
	__sync_fetch_and_add(r->verdict == GTPU_DROPPED ? &c->dropped_packets : &c->buffered_packets,
			     1);
	__sync_fetch_and_add(r->verdict == GTPU_DROPPED ? &c->dropped_bytes : &c->buffered_bytes,
			     r->len);
	return 0;
}

/* At a packet's end: one that went its way costs no more than this question. */
static __always_inline void far_note(const struct gtpu_record *r)
{
	if (!events_wanted || !(r->has & GTPU_HAS_FAR) ||
	    (r->verdict != GTPU_DROPPED && r->verdict != GTPU_BUFFERED))
		return;
	count_far(r);
}
