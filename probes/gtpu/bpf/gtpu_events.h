/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The events: which packets and calls get a record in the ring, and the record. They read the packet; emit() fills
 * in its interface, which nothing else needs. */
#pragma once

#include "gtpu_packet.h"
#include "ring.h"

/* Set before load. */
const volatile bool each_function = false; /* the calls inside a packet's way are events too */
const volatile struct gtpu_filter filter = {};
/* Only events that matter to a service that did not ask for packets: drops, and packets that took long. */
const volatile bool notable_only = false;
const volatile __u64 outlier_ns = 0;	   /* 0: none took long */
const volatile __u32 notable_a_second = 0; /* on each CPU */

struct budget {
	__u64 second;
	__u64 used;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct budget);
} gtpu_budget SEC(".maps");

/* Packets are timed by the monotonic clock, which is the cheaper one; records have the boot clock's time. */
static __noinline int emit(struct open_packet *p, __u16 kind, __u64 at_ns)
{
	const struct gtpu_record *from = &p->record;
	struct gtpu_record *r = ring_reserve(sizeof(*r), kind);

	if (!r)
		return 0;
	r->hdr.ts_ns -= bpf_ktime_get_ns() - at_ns;
	fill_interface(p);
	task_fill(&r->hdr);
	__builtin_memcpy((void *)r + sizeof(r->hdr), (const void *)from + sizeof(r->hdr), sizeof(*r) - sizeof(r->hdr));
	ring_submit(r);
	return 0;
}

/* A filter knows a packet at its end only: with one there are no events of entries. */
static __always_inline bool entries_wanted(void)
{
	return !filter.on && !notable_only;
}

/* Read as volatile: else the compiler takes the zeros that it sees here for what user space set. */
static __always_inline bool is_ue(const __u8 *address)
{
	const volatile __u64 *ue = (const volatile void *)filter.ue;
	__u64 a[2];

	__builtin_memcpy(a, address, sizeof(a));
	return a[0] == ue[0] && a[1] == ue[1];
}

static __noinline int passes(const struct gtpu_record *r)
{
	if (filter.teid && (!r->gtp.flags || r->gtp.teid != filter.teid))
		return 0;
	if (filter.seid && (!(r->has & GTPU_HAS_PDR) || r->seid != filter.seid))
		return 0;
	if ((filter.verdict && r->verdict != filter.verdict) || (filter.reason && r->reason != filter.reason) ||
	    r->duration_ns < filter.slower_than_ns)
		return 0;
	return !filter.by_ue || is_ue(r->inner.src) || is_ue(r->inner.dst);
}

/* So many a second: the rest is counted as lost. */
static __always_inline bool within_budget(__u64 now)
{
	__u32 zero = 0;
	struct budget *b = bpf_map_lookup_elem(&gtpu_budget, &zero);
	__u64 second = now / 1000000000;

	if (!b)
		return false;
	if (b->second != second) {
		b->second = second;
		b->used = 0;
	}
	return b->used++ < notable_a_second;
}

static __always_inline bool told(const struct gtpu_record *r, __u64 now)
{
	if (!notable_only)
		return entries_wanted() || passes(r);
	if (r->verdict != GTPU_DROPPED && (!outlier_ns || r->duration_ns < outlier_ns))
		return false;
	if (within_budget(now))
		return true;
	ring_refuse(RING_LOST_RATE);
	return false;
}
