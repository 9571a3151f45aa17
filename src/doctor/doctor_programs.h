/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether the programs load that need nothing of the node but its kernel: each probe's own trial. */
#pragma once

#include <stdint.h>

#include "doctor_report.h"
#include "option.h"

/* config gives the probes' options. started has a bit for each probe that has started (doctor_interfaces.h): its
 * programs are not loaded again. */
void doctor_programs(const struct config *config, uint64_t started, struct report *r);
