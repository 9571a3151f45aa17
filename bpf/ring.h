/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way of an event to user space: reserve, zero, fill the header, submit; and the ledger of it,
 * emitted = delivered + pending + lost[reason]. */
#pragma once

#include "kernel.h"
#include "record.h"
#include "ring_ledger.h"
#include "task.h"

/* Set before load: the probe's index, and whether anybody wants events. */
const volatile __u16 probe_id = 0;
const volatile bool events_wanted = false;
/* The reader is woken once that many bytes wait, and looks by itself every now and then; 0: for each record. */
const volatile __u32 ring_batch = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 262144); /* the probe's option replaces it before load */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ring_ledger);
} ring_ledger SEC(".maps");

/* Atomic although per CPU: a tracing program in hardirq can interrupt one in process context. */
static __always_inline void ring_note_emitted(void)
{
	__u32 zero = 0;
	struct ring_ledger *l = bpf_map_lookup_elem(&ring_ledger, &zero);

	if (l)
		__sync_fetch_and_add(&l->emitted, 1);
}

static __always_inline void ring_note_lost(__u32 reason)
{
	__u32 zero = 0;
	struct ring_ledger *l = bpf_map_lookup_elem(&ring_ledger, &zero);

	if (l && reason < RING_LOST_MAX)
		__sync_fetch_and_add(&l->lost[reason], 1);
}

/* An event that is not even begun; it is counted all the same. */
static __always_inline void ring_refuse(__u32 reason)
{
	ring_note_emitted();
	ring_note_lost(reason);
}

/* A zeroed record of size bytes (a constant), its header filled except for the task; NULL when there is
 * no room, which is then already counted. End it with ring_submit(). */
static __always_inline void *ring_begin(__u32 size, __u16 kind)
{
	struct record_hdr *h;

	ring_note_emitted();
	h = bpf_ringbuf_reserve(&ring, size, 0);
	if (!h) {
		ring_note_lost(RING_LOST_FULL);
		return NULL;
	}
	__builtin_memset(h, 0, size);
	h->ts_ns = bpf_ktime_get_boot_ns();
	h->size = size;
	h->probe = probe_id;
	h->kind = kind;
	h->version = RECORD_VERSION;
	h->cpu = bpf_get_smp_processor_id();
	return h;
}

/* The same where events are wanted, else NULL. */
static __always_inline void *ring_reserve(__u32 size, __u16 kind)
{
	return events_wanted ? ring_begin(size, kind) : NULL;
}

static __always_inline void ring_note_sampled_out(void)
{
	__u32 zero = 0;
	struct ring_ledger *l = bpf_map_lookup_elem(&ring_ledger, &zero);

	if (l)
		__sync_fetch_and_add(&l->sampled_out, 1);
}

/* A record that no reader should have to wait for. The kernel's own rule, to wake a reader that has read all before,
 * fails behind a record for which no reader was woken. */
static __always_inline void ring_submit(void *record)
{
	bpf_ringbuf_submit(record, ring_batch ? BPF_RB_FORCE_WAKEUP : 0);
}

static __always_inline void ring_submit_batched(void *record)
{
	__u64 flags = 0;

	if (ring_batch)
		flags = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= ring_batch ? BPF_RB_FORCE_WAKEUP
										  : BPF_RB_NO_WAKEUP;
	bpf_ringbuf_submit(record, flags);
}
