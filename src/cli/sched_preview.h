/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide sched preview: what would be sent now, and why. Nothing is sent. */
#pragma once

#include <stdbool.h>

#include "err.h"

struct preview_arguments {
	const char *path;     /* of the configuration; NULL: none */
	const char *input;    /* --input; NULL: none */
	const char *duration; /* seconds that the probes count; NULL: 2 */
	bool json;
};

int sched_preview(const struct preview_arguments *a, struct err *err);
