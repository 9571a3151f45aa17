/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cpu_context.h"

#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "btf_member.h"
#include "cleanup.h"
#include "kernel_btf.h"

DEFINE_CLEANUP(struct btf *, kernel_btf, kernel_btf_put)

/* x86 alone keeps the preempt count in a per-CPU variable; elsewhere it is in the task. */
#if defined(__x86_64__)
/* Linux 6.2 to 6.14 keep the count in pcpu_hot. */
static int hot_count_offset(void)
{
	_cleanup_(cleanup_kernel_btf) struct btf *btf = kernel_btf_get();

	return btf ? btf_member_offset(btf, "pcpu_hot", "preempt_count") : -ENOENT;
}

/* "ADDRESS TYPE NAME", the address in 16 digits. Not by sscanf: there are 200,000 lines. */
#define NAME_AT 19

static bool take_address(const char *line, const char *name, uint64_t *ret)
{
	size_t len = strlen(name);

	return !strncmp(line + NAME_AT, name, len) && line[NAME_AT + len] == '\n' && sscanf(line, "%" SCNx64, ret) == 1;
}

static void find_count(struct cpu_context *c)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/kallsyms", "re");
	uint64_t count = 0, hot = 0, offsets = 0;
	char line[512];
	int at;

	while (f && fgets(line, sizeof(line), f)) {
		if (strnlen(line, NAME_AT) < NAME_AT || !strchr("_p", line[NAME_AT]))
			continue;
		if (!take_address(line, "__preempt_count", &count) && !take_address(line, "pcpu_hot", &hot))
			take_address(line, "__per_cpu_offset", &offsets);
	}
	if (!count && hot && (at = hot_count_offset()) >= 0)
		count = hot + (uint64_t)at;
	if (count && offsets) {
		c->context_count_address = count;
		c->context_cpu_offsets = offsets;
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
