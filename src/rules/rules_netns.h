/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One request inside a network namespace that is known by its inode. */
#pragma once

#include "err.h"
#include "netns.h"

struct rules_netns {
	struct netns_list list; /* where a namespace was found last */
};

void rules_netns_free(struct rules_netns *n); /* of zeroes is fine */

/* Runs fn in the namespace: what fn returns; -ESRCH when the namespace has gone, or as netns_visit(). */
int rules_netns_run(struct rules_netns *n, uint64_t inode, netns_fn fn, void *data, struct err *err);
