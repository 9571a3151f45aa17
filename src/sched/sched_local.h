/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `teide sched` does on this machine. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "settings.h"

int sched_apply(const struct settings *settings, bool json, struct err *err);
/* Here, and at the servers that records of killed teides name; by_settings: at the server of the settings too. */
int sched_withdraw(const struct settings *settings, bool json, bool by_settings, struct err *err);
int sched_show_local(const struct settings *settings, bool json, struct err *err);
