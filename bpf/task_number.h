/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* By which number user space knows a task: teide may run in a PID namespace of its own. */
#pragma once

#include "kernel.h"
#include "record.h"

/* Set before load (host/pidns.h): the inode of the PID namespace by whose numbers tasks are named; 0: the kernel's
 * own, which has every task. */
const volatile __u32 task_pidns = 0;
/* Namespaces within each other that are looked through; deeper tasks have no number. */
#define TASK_PIDNS_DEPTH 8

/* A thread's number in task_pidns; RECORD_NO_NUMBER where that namespace does not contain it. */
static __always_inline __u32 task_number_inside(struct task_struct *t)
{
	struct pid *pid = BPF_CORE_READ(t, thread_pid);
	struct upid *first = pid->numbers;
	__u32 level = pid ? BPF_CORE_READ(pid, level) : 0;

	for (__u32 i = 0; pid && i < TASK_PIDNS_DEPTH && i <= level; i++) {
		struct upid *u = (void *)first + i * bpf_core_type_size(struct upid);

		if (BPF_CORE_READ(u, ns, ns.inum) == task_pidns)
			return BPF_CORE_READ(u, nr);
	}
	return RECORD_NO_NUMBER;
}
