/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is counted of every packet: what became of it, and how long each function took. */
#pragma once

#include "gtpu.h"
#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gtpu_outcomes);
} gtpu_outcomes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GTPU_FUNCS);
	__type(key, __u32);
	__type(value, struct gtpu_latency);
} gtpu_latencies SEC(".maps");

static __noinline int count_outcome(__u32 path, __u32 verdict, __u32 reason, __u32 bytes)
{
	__u32 zero = 0;
	struct gtpu_outcomes *o = bpf_map_lookup_elem(&gtpu_outcomes, &zero);
	struct gtpu_count *c;

	if (!o || path >= GTPU_PATHS || verdict >= GTPU_VERDICTS || reason >= GTPU_REASONS)
		return 0;
	c = &o->count[path][verdict][reason];
	__sync_fetch_and_add(&c->packets, 1);
	__sync_fetch_and_add(&c->bytes, bytes);
	return 0;
}

static __always_inline __u32 log2_of(__u64 value)
{
	__u32 v = value >> 32 ? 0xffffffff : (__u32)value;
	__u32 r = (v > 0xffff) << 4, shift;

	v >>= r;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	return r | shift | v >> 1;
}

static __noinline int count_latency(__u32 func, __u64 ns)
{
	struct gtpu_latency *l = bpf_map_lookup_elem(&gtpu_latencies, &func);
	__u64 bucket = log2_of(ns);

	/* The verifier of 6.1 forgets the range, and the compiler would drop the mask that gives it. */
	asm volatile("" : "+r"(bucket));
	if (l)
		__sync_fetch_and_add(&l->calls[bucket & (GTPU_LATENCY_BUCKETS - 1)], 1);
	return 0;
}
