/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs in a container: whose PIDs /proc has. */
#pragma once

#include "doctor_report.h"
#include "option.h"

void doctor_judge_pids(const struct config *config, struct report *r);
