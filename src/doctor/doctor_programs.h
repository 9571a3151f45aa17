/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether the programs load that need nothing of the node but its kernel: each probe's own trial. */
#pragma once

#include "doctor_report.h"
#include "option.h"

/* config gives the probes' options. */
void doctor_programs(const struct config *config, struct report *r);
