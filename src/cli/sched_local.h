/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `teide sched` does on this machine. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "settings.h"

int sched_apply(const struct settings *settings, struct err *err);
int sched_withdraw(struct err *err);
int sched_show_local(bool json, struct err *err);
