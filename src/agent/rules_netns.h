/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One request inside a network namespace that is known by its inode. */
#pragma once

#include "err.h"
#include "netns.h"

struct rules_netns {
	struct netns_list list; /* where a namespace was found last */
};

void rules_netns_free(struct rules_netns *n); /* of zeroes is fine */

/* Runs request in the namespace; -ESRCH when it has gone, else what request returns. */
int rules_netns_run(struct rules_netns *n, uint64_t inode,
		    int (*request)(void *data, struct err *err), void *data, struct err *err);
