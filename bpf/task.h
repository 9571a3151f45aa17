/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The task on the CPU. By bpf_get_current_task() and CO-RE, because tc programs have neither
 * bpf_get_current_comm() (up to 6.12) nor bpf_get_current_pid_tgid() (up to 6.1). */
#pragma once

#include "context.h"
#include "kernel.h"
#include "record.h"
#include "task_number.h"

struct task_id {
	__u32 tid;
	__u32 tgid;
};

static __always_inline struct task_struct *task_current(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

static __always_inline struct task_id task_current_id(void)
{
	struct task_struct *t = task_current();

	if (!task_pidns)
		return (struct task_id){.tid = BPF_CORE_READ(t, pid), .tgid = BPF_CORE_READ(t, tgid)};
	return (struct task_id){.tid = task_number_inside(t),
				.tgid = task_number_inside(BPF_CORE_READ(t, group_leader))};
}

static __always_inline void task_current_comm(char comm[RECORD_COMM_LEN])
{
	struct task_struct *t = task_current();

	bpf_core_read(comm, RECORD_COMM_LEN, &t->comm);
	comm[RECORD_COMM_LEN - 1] = 0;
}

/* The id in the unified hierarchy (the inode of its folder), 0 when unknown. */
static __always_inline __u64 task_current_cgroup(void)
{
	struct task_struct *t = task_current();

	if (!bpf_core_field_exists(t->cgroups))
		return 0;
	return BPF_CORE_READ(t, cgroups, dfl_cgrp, kn, id);
}

/* The idle task of every CPU is number 0. */
static __always_inline bool task_is_idle(void)
{
	struct task_struct *t = task_current();

	return BPF_CORE_READ(t, pid) == 0;
}

/* What the CPU does, with the idle task told apart from a process. */
static __always_inline __u8 task_context(void)
{
	__u8 context = current_context();

	return context == CONTEXT_PROCESS && task_is_idle() ? CONTEXT_IDLE : context;
}

static __always_inline void task_fill(struct record_hdr *h)
{
	struct task_id id = task_current_id();

	h->tid = id.tid;
	h->tgid = id.tgid;
	h->context = task_context();
	task_current_comm(h->comm);
	h->flags |= RECORD_TASK;
	h->cgroup_id = task_current_cgroup();
	if (h->cgroup_id)
		h->flags |= RECORD_CGROUP;
}
