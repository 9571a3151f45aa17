/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A probe's verifier.budget: a line "program clang-14 clang-19", then lines "PROGRAM BUDGET BUDGET": how many
 * instructions the verifier may process, for each compiler. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define BUDGET_COLUMNS 8

/* The budget that counts for a compiler between two columns is the larger one. */
static inline unsigned budget_choose(const char *compilers, const unsigned *budgets, int n, int clang)
{
	unsigned chosen = 0;
	int column = 0, version, used;

	for (; column < n && sscanf(compilers, " clang-%d%n", &version, &used) == 1; column++) {
		compilers += used;
		if (version == clang)
			return budgets[column];
		chosen = budgets[column] > chosen ? budgets[column] : chosen;
	}
	return chosen;
}

/* 0 when the file has no line for the program, or cannot be read. */
static inline unsigned budget_of(const char *path, const char *program, int clang)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[256], compilers[256] = "", name[128];
	unsigned budgets[BUDGET_COLUMNS];
	int n, at, used;

	while (file && fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || sscanf(line, "%127s%n", name, &at) != 1)
			continue;
		if (!strcmp(name, "program"))
			strcpy(compilers, line + at);
		if (strcmp(name, program))
			continue;
		for (n = 0; n < BUDGET_COLUMNS && sscanf(line + at, "%u%n", &budgets[n], &used) == 1; n++)
			at += used;
		return budget_choose(compilers, budgets, n, clang);
	}
	return 0;
}
