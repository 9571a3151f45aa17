/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide sched show: what the API server holds. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "settings.h"

int sched_show_api(const struct settings *settings, bool json, struct err *err);
