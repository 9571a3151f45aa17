/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "local_boost.h"

#include <errno.h>

#include "cleanup.h"
#include "clock.h"

int machine_get(const struct local_machine *m, int32_t tid, struct thread_sched *ret)
{
	int r = m->ops.get(m->ops.data, tid, ret);

	/* Put back as a number it would not follow the kernel's own any more. */
	if (r == 0 && ret->slice_ns == m->own_slice_ns)
		ret->slice_ns = 0;
	return r;
}

static uint64_t wanted_slice(const struct local_options *options, const struct strategy *strategy)
{
	uint64_t slice = options->literal_slice ? strategy->execution_time_ns : options->slice_ns;

	/* As the kernel does; what is read back must be what was asked for. */
	return slice ? MIN(MAX(slice, LOCAL_SLICE_MIN_NS), LOCAL_SLICE_MAX_NS) : 0;
}

bool boost_target(const struct local_options *options, bool slices, const struct strategy *strategy,
		  const struct thread_sched *before, struct thread_sched *ret)
{
	struct thread_sched s = *before;
	uint64_t slice = wanted_slice(options, strategy);

	if (!thread_sched_fair(before))
		return false;
	if (strategy->priority && options->policy == LOCAL_RR) {
		s = (struct thread_sched){.policy = SCHED_RR, .rt_priority = (uint32_t)options->rt_priority};
	} else if (strategy->priority) {
		s.policy = SCHED_OTHER;
		s.nice = MIN(before->nice, (int32_t)options->nice);
	}
	if (thread_sched_fair(&s) && slices && slice)
		s.slice_ns = slice;
	if (thread_sched_same(&s, before))
		return false;
	s.reset_on_fork = true;
	*ret = s;
	return true;
}

struct thread_sched boost_inherited(const struct local_boost *leader, uint64_t thread_start_time,
				    const struct thread_sched *now)
{
	static const struct thread_sched reset = {.policy = SCHED_OTHER};

	/* A start time is in ticks, rounded down: a thread that began before is not taken for one that began after. */
	if (!thread_sched_same(now, &reset) || proc_start_ns(thread_start_time) < leader->since_ns)
		return *now;
	return leader->before;
}

/* 0, or -ESRCH when the thread has ended or another has its number. */
static int identify(const struct local_machine *m, const struct local_boost *b)
{
	uint64_t start;
	int r = m->ops.start_time(m->ops.data, b->tid, &start);

	return r == 0 && start != b->start_time ? -ESRCH : r;
}

int boost_state(const struct local_machine *m, const struct local_boost *b)
{
	struct thread_sched now;
	int r = identify(m, b);

	if (r == 0)
		r = machine_get(m, b->tid, &now);
	if (r < 0)
		return r == -ESRCH ? LOCAL_ENDED : r;
	if (thread_sched_same(&now, &b->ours))
		return LOCAL_BOOSTED;
	return thread_sched_same(&now, &b->before) ? LOCAL_NOT_YET : LOCAL_CHANGED;
}

int boost_put_back(const struct local_machine *m, const struct local_boost *b)
{
	int state = boost_state(m, b), r;

	if (state != LOCAL_BOOSTED)
		return state;
	r = m->ops.set(m->ops.data, b->tid, &b->before);
	if (r < 0)
		return r == -ESRCH ? LOCAL_ENDED : r;
	return LOCAL_BOOSTED;
}
