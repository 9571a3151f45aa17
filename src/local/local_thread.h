/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How this kernel schedules one thread, and the system calls to ask for it and to change it, behind
 * a table so that decisions are tested without them. */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOCAL_SLICE_MIN_NS 100000ULL /* what EEVDF clamps a slice to (Linux 6.12) */
#define LOCAL_SLICE_MAX_NS 100000000ULL

struct thread_sched {
	uint32_t policy; /* SCHED_OTHER ... */
	int32_t nice;	 /* 0 with a policy that has none */
	uint32_t rt_priority;
	uint64_t slice_ns; /* 0: the kernel's own, or a kernel or policy without slices */
	bool reset_on_fork;
};

bool thread_sched_same(const struct thread_sched *a, const struct thread_sched *b);
bool thread_sched_fair(const struct thread_sched *s); /* of a policy with nice and slice */

/* tid 0: the calling thread. All but ext_runs and now_ns return 0 or -errno, -ESRCH when the thread
 * has ended. */
struct local_ops {
	/* slice_ns as the kernel says it, its own slice included. */
	int (*get)(void *data, int32_t tid, struct thread_sched *ret);
	int (*set)(void *data, int32_t tid, const struct thread_sched *s);
	int (*start_time)(void *data, int32_t tid, uint64_t *ret); /* clock ticks since boot */
	bool (*ext_runs)(void *data);				   /* a sched_ext scheduler does */
	uint64_t (*now_ns)(void *data);				   /* boot clock */
	void *data;
};

extern const struct local_ops local_kernel_ops;

/* Whether this kernel takes slices, found by asking for one for the calling thread, which has its own
 * again afterwards; *ret_own is what the kernel gives by itself. */
bool local_probe_slice(const struct local_ops *ops, uint64_t *ret_own);

/* "other", "batch", "idle", "fifo", "rr", "deadline", "ext", "unknown". */
const char *thread_policy_name(uint32_t policy);

/* "nice -10", "batch nice 5", "rr 10"; and the slice where there is one: "nice -10 slice 0.1 ms". */
#define THREAD_SCHED_TEXT_MAX 64
const char *thread_sched_text(const struct thread_sched *s, char text[static THREAD_SCHED_TEXT_MAX]);
