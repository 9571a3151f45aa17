/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "table_text.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"

const char *human(double value, char text[static HUMAN_MAX])
{
	static const char units[] = " kMGTPE";
	size_t u = 0;

	while (value >= 999.5 && u < sizeof(units) - 2) {
		value /= 1000;
		u++;
	}
	if (u)
		snprintf(text, HUMAN_MAX, "%.*f%c", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, units[u]);
	else
		snprintf(text, HUMAN_MAX, "%.0f", value);
	return text;
}

/* The first character that begins at text or behind it: a cut within a character would show neither. */
static char *next_whole(char *text)
{
	while ((*text & 0xc0) == 0x80)
		text++;
	return text;
}

void shorten_begin(char *text, size_t room)
{
	size_t len = strlen(text);

	const char *rest;

	if (len <= room || !room)
		return;
	rest = next_whole(text + len - room + 1);
	text[0] = '~';
	memmove(text + 1, rest, strlen(rest) + 1);
}

void shorten_middle(char *text, size_t room)
{
	size_t len = strlen(text), head = room / 3, tail = room - MIN(room, head + 1);

	const char *rest;

	if (len <= room || !room)
		return;
	rest = next_whole(text + len - tail);
	while (head && (text[head] & 0xc0) == 0x80)
		head--;
	text[head] = '~';
	memmove(text + head + 1, rest, strlen(rest) + 1);
}

/* No more than width columns, and no blanks at its end. */
static void add_line(struct buf *out, size_t width, const char *text)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == ' ')
		len--;
	if (width && len > width)
		buf_printf(out, "%.*s~\n", (int)width - 1, text);
	else
		buf_printf(out, "%.*s\n", (int)len, text);
}

void table_line(struct buf *out, size_t width, const char *about, const char *numbers)
{
	_cleanup_(buf_free) struct buf line = {0};

	if (!*numbers) {
		add_line(out, width, about);
		return;
	}
	if (width && strlen(about) + 1 + strlen(numbers) > width) {
		add_line(out, width, about);
		buf_printf(&line, "%*s", (int)width, numbers);
	} else {
		buf_printf(&line, "%s %s", about, numbers);
	}
	add_line(out, width, line.data ?: "");
	out->failed |= line.failed;
}
