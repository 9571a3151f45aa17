/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* By what means bpf/context.h tells process from softirq on this kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The values of the rodata of the same names; all zero: nothing works, context stays unknown. */
struct cpu_context {
	uint64_t context_count_address;
	uint64_t context_cpu_offsets;
	bool context_by_tracepoint; /* load and attach context_softirq_entry and context_softirq_exit */
};

void cpu_context_find(struct cpu_context *ret);

/* "preempt_count", "softirq tracepoints", "none". */
const char *cpu_context_means(const struct cpu_context *c);
