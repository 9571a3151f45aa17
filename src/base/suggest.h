/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a person meant by a word that is not known: "did you mean 'flows'?" */
#pragma once

#include <stddef.h>

/* The known word that the fewest typing errors turn into the word: a character too many, one missing, a wrong one, two
 * exchanged; upper and lower case count as equal. A word may hold one error in three characters and at most three; of
 * equally near words the first is taken. NULL: no word is near. Borrowed from known; no entry of known is NULL. */
const char *suggest_nearest(const char *word, const char *const *known, size_t n);

/* The same as a part of a sentence: " did you mean 'flows'?", or "". Returns text. */
#define SUGGEST_TEXT_MAX 192
const char *suggest_hint(const char *word, const char *const *known, size_t n, char text[static SUGGEST_TEXT_MAX]);
