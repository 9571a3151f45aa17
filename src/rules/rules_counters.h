/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "settings.h"

struct counters_task {
	const char *netns; /* the only network namespace, or NULL */
	uint64_t duration_ns;
	struct settings *settings; /* the gtpu probe's keys are set */
	bool json;
};

/* What gtp5g counts by PDR and device beside what the gtpu probe counts in that time (or until a signal),
 * written to standard output. */
int rules_counters(const struct counters_task *task, struct err *err);
