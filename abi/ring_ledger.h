/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's side of a ring's ledger: emitted = delivered + pending + sum of lost. */
#pragma once

#include <linux/types.h>

enum ring_lost {
	RING_LOST_FULL, /* no room in the ring */
	RING_LOST_RATE, /* more than may be told in a second */
	RING_LOST_MAX,
};

struct ring_ledger {
	__u64 emitted;
	__u64 sampled_out; /* not even emitted: another one of its sample was */
	__u64 lost[RING_LOST_MAX];
};
