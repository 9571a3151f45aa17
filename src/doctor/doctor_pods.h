/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs in a container and beside containers: whose PIDs /proc has, which runtimes are found. */
#pragma once

#include "doctor.h"
#include "doctor_report.h"

void doctor_judge_pids(const struct config *config, struct report *r);

/* A line for each state folder that is there. Where processes run in pods and no folder has a container, what is
 * missing. */
void doctor_judge_runtimes(const struct doctor_options *options, struct report *r);
