/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide rules: the list, and its changes. */
#pragma once

#include <stdbool.h>

#include "err.h"
#include "settings.h"

struct rules_task {
	const char *netns;	   /* the only network namespace, or NULL */
	struct settings *settings; /* the gtpu probe's keys are set */
	int ready_fd;		   /* as that of struct session_options: when changes are seen, or counted */
	bool json;
	bool follow; /* after the list each change, until a signal or a closed output */
};

/* Writes to standard output. */
int rules_list(const struct rules_task *task, struct err *err);
