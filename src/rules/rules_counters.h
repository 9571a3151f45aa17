/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdint.h>

#include "rules_list.h"

/* Writes to standard output what gtp5g counts by PDR and device beside what the gtpu probe counts in that time (or
 * until a signal). */
int rules_counters(const struct rules_task *task, uint64_t duration_ns, struct err *err);
