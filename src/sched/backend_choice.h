/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The back end that the configuration asks for, and what is logged of it. */
#pragma once

#include <stdbool.h>

#include "backend.h"
#include "local.h"
#include "loop.h"
#include "settings.h"

bool backend_is_wanted(const struct settings *settings);

/* Puts back what a killed teide left boosted, then starts what sched.backend says. The caller frees *ret by
 * its operation. */
int backend_start(struct backend **ret, struct loop *loop, const struct settings *settings, struct err *err);

/* Logs a record of another boot, if one was found. */
void backend_log_other_boot(const struct local_report *found);

/* A local_changed_fn: logs what has changed. */
void backend_log_local(void *data, const struct local_report *now, const struct local_report *before);
