/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide sched preview: each process, what would be sent for it, and why. Nothing is sent. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "settings.h"

/* seconds: how long to watch, as written; NULL: as long as the strategy needs. */
int sched_preview(const struct settings *settings, const char *seconds, bool json, struct err *err);
