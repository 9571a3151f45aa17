/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "local_thread.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "proc.h"

#define RESET_ON_FORK 0x01 /* SCHED_FLAG_RESET_ON_FORK (linux/sched.h) */
#define POLICY_EXT 7	   /* SCHED_EXT, since Linux 6.12 */
#define PROBE_SLICE_NS 1700000ULL
#define EXT_STATE "/sys/kernel/sched_ext/state"

/* struct sched_attr of Linux 3.14, SCHED_ATTR_SIZE_VER0: glibc and linux/sched/types.h both define
 * one, in some versions not together. */
struct attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* runtime of a fair policy: its slice */
};

_Static_assert(sizeof(struct attr) == 48, "SCHED_ATTR_SIZE_VER0");

bool thread_sched_fair(const struct thread_sched *s)
{
	return s->policy == SCHED_OTHER || s->policy == SCHED_BATCH || s->policy == SCHED_IDLE;
}

bool thread_sched_same(const struct thread_sched *a, const struct thread_sched *b)
{
	return a->policy == b->policy && a->nice == b->nice && a->rt_priority == b->rt_priority &&
	       a->slice_ns == b->slice_ns && a->reset_on_fork == b->reset_on_fork;
}

const char *thread_policy_name(uint32_t policy)
{
	static const char *const names[] = {"other", "fifo", "rr", "batch", "unknown", "idle", "deadline", "ext"};

	return policy < ARRAY_SIZE(names) ? names[policy] : "unknown";
}

const char *thread_sched_text(const struct thread_sched *s, char text[static THREAD_SCHED_TEXT_MAX])
{
	bool fair = thread_sched_fair(s), plain = fair && s->policy == SCHED_OTHER;
	int n = snprintf(text, THREAD_SCHED_TEXT_MAX, "%s%s%s%d", plain ? "" : thread_policy_name(s->policy),
			 plain ? "" : " ", fair ? "nice " : "", fair ? s->nice : (int)s->rt_priority);

	if (s->slice_ns)
		snprintf(text + n, THREAD_SCHED_TEXT_MAX - (size_t)n, " slice %.1f ms",
			 (double)s->slice_ns / (double)NSEC_PER_MSEC);
	return text;
}

static int kernel_get(void *data, int32_t tid, struct thread_sched *ret)
{
	struct attr a = {0};

	if (syscall(SYS_sched_getattr, tid, &a, sizeof(a), 0) < 0)
		return -errno;
	*ret = (struct thread_sched){
		.policy = a.policy,
		.rt_priority = a.priority,
		.reset_on_fork = a.flags & RESET_ON_FORK,
	};
	if (thread_sched_fair(ret)) {
		ret->nice = a.nice;
		ret->slice_ns = a.runtime;
	}
	return 0;
}

static int kernel_set(void *data, int32_t tid, const struct thread_sched *s)
{
	const struct attr a = {
		.size = sizeof(a),
		.policy = s->policy,
		.flags = s->reset_on_fork ? RESET_ON_FORK : 0,
		.nice = s->nice,
		.priority = s->rt_priority,
		.runtime = s->slice_ns,
	};

	return syscall(SYS_sched_setattr, tid, &a, 0) < 0 ? -errno : 0;
}

/* /proc/TID is there for a thread that leads no group, too. */
static int kernel_start_time(void *data, int32_t tid, uint64_t *ret)
{
	struct proc proc;
	int r = proc_read("", tid, &proc);

	if (r == 0)
		*ret = proc.start_time;
	return r;
}

static bool kernel_ext_runs(void *data)
{
	_cleanup_fclose_ FILE *f = fopen(EXT_STATE, "re");
	char state[16] = "";

	return f && fgets(state, sizeof(state), f) && !strncmp(state, "enabled", 7);
}

static uint64_t kernel_now_ns(void *data)
{
	return clock_boot_ns();
}

const struct local_ops local_kernel_ops = {
	.get = kernel_get,
	.set = kernel_set,
	.start_time = kernel_start_time,
	.ext_runs = kernel_ext_runs,
	.now_ns = kernel_now_ns,
};

bool local_probe_slice(const struct local_ops *ops, uint64_t *ret_own)
{
	struct thread_sched before, s;
	bool taken;

	*ret_own = 0;
	if (ops->get(ops->data, 0, &before) < 0 || !thread_sched_fair(&before))
		return false;
	s = before;
	s.slice_ns = PROBE_SLICE_NS;
	taken = ops->set(ops->data, 0, &s) == 0 && ops->get(ops->data, 0, &s) == 0 && s.slice_ns == PROBE_SLICE_NS;
	/* Asked for none, the kernel gives its own. */
	s = before;
	s.slice_ns = 0;
	if (ops->set(ops->data, 0, &s) < 0 || ops->get(ops->data, 0, &s) < 0)
		return false;
	*ret_own = s.slice_ns;
	if (before.slice_ns != s.slice_ns)
		ops->set(ops->data, 0, &before);
	return taken;
}
