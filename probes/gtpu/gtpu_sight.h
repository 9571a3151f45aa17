/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which modules are to be hooked, of what is seen on the node. */
#pragma once

#include "gtpu_run.h"

struct gtpu_sight {
	uint64_t load[GTPU_MODULES];     /* the number of its load; 0: not loaded, or not wanted */
	uint64_t released[GTPU_MODULES]; /* the same when it was let go on demand; 0: it was not */
	bool device[GTPU_MODULES]; /* it has one that was not there when it was let go on demand */
	bool blind; /* some namespaces could not be looked into */
};

/* A mask of them: those with a device, and those that may have one that is not seen. */
static inline unsigned gtpu_modules_to_hook(const struct gtpu_sight *s)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < GTPU_MODULES; i++) {
		bool hidden = s->blind && s->load[i] != s->released[i];

		if (s->load[i] && (s->device[i] || hidden))
			mask |= 1U << i;
	}
	return mask;
}
