/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps that the entry programs share with the object of the shared program. */
#pragma once

#include "kernel.h"
#include "flow.h"

#define FLOW_NEXT (-1) /* TCX_NEXT, TC_ACT_UNSPEC: the programs behind still run */

const volatile bool preemptible = false; /* the kernel is a PREEMPT_RT one */
const volatile __u32 cpu_slots = 1;	 /* the ledgers of an attachment, by CPU */

/* No per-CPU array: it takes memory for every CPU that the machine could ever get. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* attachments times cpu_slots */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct flow_ledger);
} flow_ledgers SEC(".maps");

/* cpu is below cpu_slots. */
static __always_inline struct flow_ledger *flow_ledger_of(__u32 attachment, __u32 cpu)
{
	__u32 at = attachment * cpu_slots + cpu;

	return bpf_map_lookup_elem(&flow_ledgers, &at);
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_entry);
} flow_entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} flow_programs SEC(".maps");

/* What a CPU has for a packet belongs to one program at a time. TC programs run with bottom halves disabled, and so do
 * not nest on a CPU; but a PREEMPT_RT kernel can do without the lock that says so (CONFIG_PREEMPT_RT_NEEDS_BH_LOCK,
 * Linux 6.18), and then a task takes the CPU from another in the middle of a program. The add is one instruction: a
 * program that reads 1 behind it is alone, and stays so, for each later one reads more. */
static __always_inline bool flow_enter(struct flow_entry *entry)
{
	if (!preemptible)
		return true;
	__sync_fetch_and_add(&entry->users, 1);
	if (*(volatile __u32 *)&entry->users == 1)
		return true;
	__sync_fetch_and_add(&entry->users, -1);
	return false;
}

static __always_inline void flow_leave(struct flow_entry *entry)
{
	if (preemptible)
		__sync_fetch_and_add(&entry->users, -1);
}
