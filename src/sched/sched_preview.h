/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide sched preview. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "settings.h"

/* Watches for that long (0: as long as it takes to decide) and prints what the service
 * would do. */
int sched_preview(const struct settings *settings, uint64_t duration_ns, bool json, struct err *err);
