/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The service: wiring only. */
#pragma once

#include "settings.h"

/* Says at ready_fd (0: nowhere) and to the service manager that it is ready (session.h). Runs until a signal asks to
 * end (base/signals.h), then takes the strategies back, the programs off, and hands on the last events. 0 or -errno,
 * also when the strategies could not be taken back. */
int agent_run(const struct settings *settings, int ready_fd, struct err *err);
