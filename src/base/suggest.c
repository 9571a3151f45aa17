/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "cleanup.h"

#define WORD_MAX 128 /* a longer word is no typing error */
#define ERRORS_MAX 3
#define CHARACTERS_PER_ERROR 3

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	return MIN(MIN(a, b), c);
}

/* The optimal string alignment distance. Each row says how far the first i characters of a are from the first j of b;
 * an exchange of two characters needs the row before the last. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2], *free_row;
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; a[i - 1]; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= len; j++) {
			row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = MIN(row[j], before[j - 2] + 1);
		}
		free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[len];
}

const char *suggest_nearest(const char *word, const char *const *known, size_t n)
{
	size_t len = strlen(word);
	unsigned nearest = (unsigned)MIN(len / CHARACTERS_PER_ERROR, (size_t)ERRORS_MAX) + 1;
	const char *best = NULL;

	for (size_t i = 0; len <= WORD_MAX && i < n; i++) {
		unsigned here = strlen(known[i]) <= WORD_MAX ? distance(word, known[i]) : nearest;

		if (here < nearest) {
			nearest = here;
			best = known[i];
		}
	}
	return best;
}

const char *suggest_hint(const char *word, const char *const *known, size_t n, char text[static SUGGEST_TEXT_MAX])
{
	const char *near = suggest_nearest(word, known, n);

	text[0] = '\0';
	if (near)
		snprintf(text, SUGGEST_TEXT_MAX, " did you mean '%s'?", near);
	return text;
}
