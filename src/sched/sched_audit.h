/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide sched audit: what the service would ask for, beside what the API server lists and what this kernel has. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "settings.h"

/* A server that does not answer is said, and the rest is shown. *ret_differs: a thread is not as intended. */
int sched_audit(const struct settings *settings, uint64_t duration_ns, bool json, bool *ret_differs, struct err *err);
