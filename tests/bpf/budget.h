/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A probe's verifier.budget: lines "PROGRAM INSTRUCTIONS". */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* Of the file that the environment's variable names; 0 when the program has none. */
static inline unsigned budget_of(const char *variable, const char *program)
{
	_cleanup_fclose_ FILE *file = fopen(getenv(variable), "re");
	char line[256], name[128];
	unsigned budget;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%127s %u", name, &budget) == 2 && !strcmp(name, program))
			return budget;
	return 0;
}
