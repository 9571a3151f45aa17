/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cpu_context.h"

#include <bpf/btf.h>
#include <errno.h>

#include "btf_member.h"
#include "cleanup.h"
#include "kernel_btf.h"
#include "kernel_symbols.h"

DEFINE_CLEANUP(struct btf *, kernel_btf, kernel_btf_put)

/* x86 alone keeps the preempt count in a per-CPU variable; elsewhere it is in the task. */
#if defined(__x86_64__)
/* Linux 6.2 to 6.14 keep the count in pcpu_hot. */
static int hot_count_offset(void)
{
	_cleanup_(cleanup_kernel_btf) struct btf *btf = kernel_btf_get();

	return btf ? btf_member_offset(btf, "pcpu_hot", "preempt_count") : -ENOENT;
}

static void find_count(struct cpu_context *c)
{
	enum { COUNT, HOT, OFFSETS, NAMES };
	static const char *const names[NAMES] = {"__preempt_count", "pcpu_hot", "__per_cpu_offset"};
	uint64_t address[NAMES];
	int at;

	kernel_symbols_find(names, NAMES, address);
	if (!address[COUNT] && address[HOT] && (at = hot_count_offset()) >= 0)
		address[COUNT] = address[HOT] + (uint64_t)at;
	if (address[COUNT] && address[OFFSETS]) {
		c->context_count_address = address[COUNT];
		c->context_cpu_offsets = address[OFFSETS];
	}
}
#else
static void find_count(struct cpu_context *c)
{
}
#endif

static bool has_softirq_tracepoints(void)
{
	_cleanup_(cleanup_kernel_btf) struct btf *btf = kernel_btf_get();

	return btf && kernel_btf_find(btf, "btf_trace_softirq_entry", BTF_KIND_TYPEDEF) > 0 &&
	       kernel_btf_find(btf, "btf_trace_softirq_exit", BTF_KIND_TYPEDEF) > 0;
}

void cpu_context_find(struct cpu_context *ret)
{
	*ret = (struct cpu_context){0};
	find_count(ret);
	if (!ret->context_count_address)
		ret->context_by_tracepoint = has_softirq_tracepoints();
}

const char *cpu_context_means(const struct cpu_context *c)
{
	if (c->context_count_address)
		return "preempt_count";
	return c->context_by_tracepoint ? "softirq tracepoints" : "none";
}
