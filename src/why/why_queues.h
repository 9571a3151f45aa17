/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the qdiscs of a network namespace dropped: behind TC's hooks at egress, or by a filter of clsact. */
#pragma once

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>

#define WHY_QUEUES_MAX 128

struct why_queue {
	char interface[IF_NAMESIZE];
	char kind[16];
	unsigned ifindex;
	uint32_t handle, parent;
	uint64_t packets, drops;
};

struct why_queues {
	struct why_queue items[WHY_QUEUES_MAX];
	size_t n;
};

/* Reads the qdiscs of the calling thread's network namespace that handled packets; of more than WHY_QUEUES_MAX the
 * first. */
void why_queues_read(struct why_queues *ret);

/* Those that dropped packets from before to now, and how many of how many. */
void why_queues_grown(const struct why_queues *before, const struct why_queues *now, struct why_queues *ret);
