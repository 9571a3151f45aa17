/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the CPU is doing: process, softirq, hardirq. By the preempt count, found by its address in
 * kallsyms; else by a flag that the softirq tracepoints keep; else it is unknown and said so. No
 * ksym: where BTF names the variable but kallsyms does not (no KALLSYMS_ALL), even a weak one keeps
 * the program from loading. User space chooses: src/kern/context.h. */
#pragma once

#include "direct.h"
#include "kernel.h"
#include "record.h"

/* include/linux/preempt.h: bit 8 serving a softirq (9 to 15: merely disabled), 16 to 19 hardirq,
 * 20 to 23 NMI. */
#define PREEMPT_SERVING_SOFTIRQ 0x00000100U
#define PREEMPT_HARDIRQ_NMI 0x00ff0000U

/* Set before load. The per-CPU address of the count and the address of __per_cpu_offset[], or 0. */
const volatile __u64 context_count_address = 0;
const volatile __u64 context_cpu_offsets = 0;
/* context_softirq_entry and _exit are going to be attached. */
const volatile bool context_by_tracepoint = false;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} context_softirq SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} context_count_place SEC(".maps");

static __always_inline void context_set_softirq(__u32 serving)
{
	__u32 zero = 0, *flag = bpf_map_lookup_elem(&context_softirq, &zero);

	if (flag)
		*flag = serving;
}

SEC("tp_btf/softirq_entry")
int context_softirq_entry(void *ctx)
{
	context_set_softirq(1);
	return 0;
}

SEC("tp_btf/softirq_exit")
int context_softirq_exit(void *ctx)
{
	context_set_softirq(0);
	return 0;
}

/* With PREEMPT_RT softirqs are counted in the task that serves them. */
static __always_inline __u32 softirq_count_of_task(void)
{
	struct task_struct *t = (struct task_struct *)bpf_get_current_task();

	return bpf_core_field_exists(t->softirq_disable_cnt) ? BPF_CORE_READ(t, softirq_disable_cnt) : 0;
}

static __always_inline __u8 context_of_count(__u32 count)
{
	if (count & PREEMPT_HARDIRQ_NMI)
		return CONTEXT_HARDIRQ;
	return (count | softirq_count_of_task()) & PREEMPT_SERVING_SOFTIRQ ? CONTEXT_SOFTIRQ : CONTEXT_PROCESS;
}

/* Where this CPU has its count, looked up once; 0: that cannot be read. */
static __always_inline __u64 context_count_at(void)
{
	__u64 *at, offset = 0;
	__u32 zero = 0;

	at = bpf_map_lookup_elem(&context_count_place, &zero);
	if (!at || *at)
		return at ? *at : 0;
	if (!bpf_probe_read_kernel(&offset, sizeof(offset),
				   (void *)(context_cpu_offsets + 8ULL * bpf_get_smp_processor_id())))
		*at = offset + context_count_address;
	return *at;
}

/* CONTEXT_UNKNOWN when the count cannot be read. */
static __always_inline __u8 context_by_count(void)
{
	const void *at = (void *)context_count_at();
	__u32 count = 0;

	if (!at || kernel_copy(&count, at, sizeof(count)))
		return CONTEXT_UNKNOWN;
	return context_of_count(count);
}

static __always_inline __u8 current_context(void)
{
	__u32 zero = 0, *flag;

	if (context_count_address)
		return context_by_count();
	if (!context_by_tracepoint)
		return CONTEXT_UNKNOWN;
	flag = bpf_map_lookup_elem(&context_softirq, &zero);
	return flag && *flag ? CONTEXT_SOFTIRQ : CONTEXT_PROCESS;
}
