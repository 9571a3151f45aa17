/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide sched preview. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "settings.h"

/* Watches for that long (seconds; NULL: as long as it takes to decide) and prints what the service
 * would do. */
int sched_preview(const struct settings *settings, const char *duration, bool json, struct err *err);
