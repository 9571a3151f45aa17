/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide doctor. */
#pragma once

#include <stdbool.h>

#include "doctor_report.h"
#include "err.h"
#include "settings.h"

struct doctor_task {
	const struct settings *settings;
	const char *version; /* teide's */
	bool names_api;	     /* the configuration names an API server: it is asked where strategies go to it */
	bool json;
};

/* Looks this node over, and writes what it found to standard output. */
int doctor_answer(const struct doctor_task *task, enum report_verdict *ret, struct err *err);
