/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* What gtp5g counts by PDR and device beside what the gtpu probe counts in that time (or until a signal),
 * written to standard output. */
int rules_counters(const char *netns, uint64_t duration_ns, bool json, struct err *err);
