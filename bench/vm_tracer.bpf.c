/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What vm_gtpu compares with: an entry and an exit program that do nothing, and a tracer of the simplest
 * kind, a line of the kernel's trace at each of seven functions. vm_tracer names their functions. */
#include <linux/ptrace.h>

#include "kernel.h"

SEC("fentry")
int empty_entry_1(void *ctx)
{
	return 0;
}
SEC("fexit")
int empty_exit_1(void *ctx)
{
	return 0;
}
SEC("fentry")
int empty_entry_2(void *ctx)
{
	return 0;
}
SEC("fexit")
int empty_exit_2(void *ctx)
{
	return 0;
}

static __always_inline int say(const void *skb)
{
	const struct task_struct *task = (const void *)bpf_get_current_task();
	__u32 len = 0;

	bpf_probe_read_kernel(&len, sizeof(len), skb + bpf_core_field_offset(struct sk_buff, len));
	bpf_printk("pid %d skb %lx len %u", BPF_CORE_READ(task, pid), (unsigned long)skb, len);
	return 0;
}

/* The skb is the first argument, or the second. */
#define PRINTK(n)                                                                                                      \
	SEC("fentry")                                                                                                  \
	int first_##n(__u64 *ctx)                                                                                      \
	{                                                                                                              \
		return say((const void *)ctx[0]);                                                                      \
	}                                                                                                              \
	SEC("fentry")                                                                                                  \
	int second_##n(__u64 *ctx)                                                                                     \
	{                                                                                                              \
		return say((const void *)ctx[1]);                                                                      \
	}

PRINTK(1)
PRINTK(2)
PRINTK(3)
PRINTK(4)
PRINTK(5)
PRINTK(6)
PRINTK(7)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
