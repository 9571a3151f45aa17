/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the run-queue programs and user space share. Times are ns of the monotonic clock: the
 * sleep of a machine is no thread's wait. */
#pragma once

#include <linux/types.h>

#define RUNQ_COMM_LEN 16

/* Bucket i counts waits of 2^i to 2^(i+1) - 1 ns, the first 0 ns too, the last all that are longer. */
#define RUNQ_BUCKETS 32

/* One bit for each process number, which several numbers share: a process without the bit is not watched. Most
 * switches on a node are decided by it alone. */
#define RUNQ_FILTER_WORDS 256
#define RUNQ_FILTER_WORD(tgid) ((tgid) >> 6 & (RUNQ_FILTER_WORDS - 1))
#define RUNQ_FILTER_BIT(tgid) (1ULL << (63 & (tgid)))

struct runq_filter {
	__u64 words[RUNQ_FILTER_WORDS];
};

struct runq_watched {
	__u64 since_ns;
};

/* What the thread does since then. The key of its map is the number that the kernel gives the thread; tgid and tid are
 * of the PID namespace by whose numbers user space names tasks. */
enum runq_state { RUNQ_SLEEPS, RUNQ_WAITS, RUNQ_RUNS };

struct runq_thread {
	__u64 since_ns;
	__u32 tgid;
	__u32 tid;
	__u32 state; /* enum runq_state */
	__u32 pad;
};

_Static_assert(sizeof(struct runq_thread) == 24, "thread");

struct runq_key {
	__u32 tgid;
	__u32 tid;
	__u32 cpu; /* that counts; 0 where all are added up */
};

struct runq_value {
	__u64 wait_ns;
	__u64 max_ns; /* the longest wait */
	__u64 on_cpu_ns;
	__u32 waits[RUNQ_BUCKETS];
	__u32 switches;	 /* away from the thread */
	__u32 preempted; /* of these, while it could go on */
	char comm[RUNQ_COMM_LEN];
};

_Static_assert(sizeof(struct runq_value) == 24 + 4 * RUNQ_BUCKETS + 8 + RUNQ_COMM_LEN, "value");

enum runq_hook { RUNQ_WAKEUP, RUNQ_SWITCH_TO, RUNQ_SWITCH_FROM, RUNQ_HOOKS };

/* Why something seen of a watched thread is not in its counts. */
enum runq_skip {
	RUNQ_SKIP_BEGUN,  /* it began before the thread was watched */
	RUNQ_SKIP_UNSEEN, /* no program ran when it began */
	RUNQ_SKIP_AWAKE,  /* woken although it ran or waited already */
	RUNQ_SKIP_FULL,	  /* no room for the thread */
	RUNQ_SKIPS,
};

struct runq_ledger {
	__u64 seen[RUNQ_HOOKS];
	__u64 counted[RUNQ_HOOKS];
	__u64 skipped[RUNQ_HOOKS][RUNQ_SKIPS];
};
