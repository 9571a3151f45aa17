/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of tables that fit a terminal: what does not fit is shortened, and a '~' says so. */
#pragma once

#include "buf.h"

#define HUMAN_MAX 16

/* "950", "1.20k", "34.0M": three significant digits are enough for a live view. */
const char *human(double value, char text[static HUMAN_MAX]);

/* To room columns. The end of an address says more than its beginning. */
void shorten_begin(char *text, size_t room);
/* Of a name the end, and a third of the room for the beginning. */
void shorten_middle(char *text, size_t room);

/* One line: what a row is about, then its numbers. Where width columns (0: any number) are too few for both, the
 * numbers have a line of their own, at its end. */
void table_line(struct buf *out, size_t width, const char *about, const char *numbers);
