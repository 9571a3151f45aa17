/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Within this room: one thread's boost, from the decision what it gets to the way back. */
#pragma once

#include "local.h"

struct local_machine {
	struct local_ops ops;
	bool slices;
	uint64_t own_slice_ns; /* the kernel's own; read as 0 here */
};

int machine_get(const struct local_machine *m, int32_t tid, struct thread_sched *ret);

/* What the strategy makes of a thread; false where the thread runs as well without. Pure. */
bool boost_target(const struct local_options *options, bool slices, const struct strategy *strategy,
		  const struct thread_sched *before, struct thread_sched *ret);

/* What a thread that was born under its leader's boost would have had: RESET_ON_FORK gave it the
 * kernel's defaults where it would have inherited. Pure. */
struct thread_sched boost_inherited(const struct local_boost *leader, uint64_t thread_start_time,
				    const struct thread_sched *now);

/* -errno where the thread cannot be asked. */
int boost_state(const struct local_machine *m, const struct local_boost *b); /* enum local_state */

/* Gives the thread back what it had if it still has what we gave. The state that was found: only
 * LOCAL_BOOSTED means that something was changed; or -errno. */
int boost_put_back(const struct local_machine *m, const struct local_boost *b);
