/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "escape.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "utf8.h"

#define LONGEST 16 /* of one character, escaped */

static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x0000, 0x001f},   {0x007f, 0x009f}, /* C0, DEL, C1 */
	{0x00ad, 0x00ad},		      /* soft hyphen */
	{0x034f, 0x034f},		      /* combining grapheme joiner */
	{0x061c, 0x061c},		      /* Arabic letter mark */
	{0x115f, 0x1160},   {0x17b4, 0x17b5}, /* fillers, Khmer inherent vowels */
	{0x180b, 0x180f},		      /* Mongolian selectors and separator */
	{0x200b, 0x200f},   {0x2028, 0x202e}, /* zero width, marks; separators, embeddings, overrides */
	{0x2060, 0x206f},		      /* joiners, invisible operators, isolates */
	{0x3164, 0x3164},   {0xfe00, 0xfe0f}, /* filler, variation selectors */
	{0xfeff, 0xfeff},   {0xffa0, 0xffa0}, /* zero width no-break space, filler */
	{0xfff9, 0xfffb},		      /* interlinear annotation */
	{0xe0000, 0xe0fff},		      /* tags, more selectors */
};

static bool is_hidden(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return true;
	return false;
}

size_t escape_next(const char *s, uint32_t *ret_code, bool *ret_shown)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len = utf8_len(p, strnlen(s, 4));

	*ret_code = len ? utf8_code(p, len) : p[0];
	*ret_shown = len && !is_hidden(*ret_code);
	return len ? len : 1;
}

/* The character at s as it is shown, and its length. */
static size_t show_next(const char *s, char text[static LONGEST])
{
	uint32_t code;
	bool shown;
	size_t len = escape_next(s, &code, &shown);

	if (shown)
		snprintf(text, LONGEST, "%.*s", (int)len, s);
	else if (len == 1)
		snprintf(text, LONGEST, "\\x%02x", code);
	else
		snprintf(text, LONGEST, "\\u{%x}", code);
	return len;
}

/* Most texts need no look at each character twice. */
static size_t plain_len(const char *s)
{
	size_t n = 0;

	while (s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	return n;
}

void escape_text(struct buf *out, const char *s)
{
	char text[LONGEST];
	size_t n;

	for (;;) {
		n = plain_len(s);
		buf_add(out, s, n);
		s += n;
		if (!*s)
			return;
		s += show_next(s, text);
		buf_str(out, text);
	}
}

void escape_lines(struct buf *out, const char *s)
{
	for (const char *end; (end = strchr(s, '\n')); s = end + 1) {
		_cleanup_free_ char *line = strndup(s, (size_t)(end - s));

		out->failed |= !line;
		if (!line)
			return;
		escape_text(out, line);
		if (end[1])
			buf_str(out, "\n    ");
	}
	escape_text(out, s);
}

const char *escape_text_to(char *to, size_t size, const char *s)
{
	char text[LONGEST];
	size_t len = 0, n;

	while (*s) {
		s += show_next(s, text);
		n = strlen(text);
		if (len + n >= size)
			break;
		memcpy(to + len, text, n);
		len += n;
	}
	to[len] = '\0';
	return to;
}

static bool is_plain_word(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

	return *s && !s[strspn(s, plain)];
}

static bool fits_single_quotes(const char *s)
{
	uint32_t code;
	bool shown;

	for (size_t len; *s; s += len) {
		len = escape_next(s, &code, &shown);
		if (!shown || *s == '\'')
			return false;
	}
	return true;
}

static void made_by_printf(struct buf *out, const char *s)
{
	static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:";

	buf_str(out, "\"$(printf '%b' '");
	for (; *s; s++) {
		if (strchr(kept, *s))
			buf_char(out, *s);
		else
			buf_printf(out, "\\0%03o", (unsigned char)*s);
	}
	buf_str(out, "')\"");
}

void escape_word(struct buf *out, const char *s)
{
	if (is_plain_word(s))
		buf_str(out, s);
	else if (fits_single_quotes(s))
		buf_printf(out, "'%s'", s);
	else
		made_by_printf(out, s);
}

const char *escape_word_to(char *to, size_t size, const char *s)
{
	_cleanup_(buf_free) struct buf word = {0};

	escape_word(&word, s);
	to[0] = '\0';
	if (!word.failed && word.len < size)
		memcpy(to, word.data, word.len + 1);
	return to;
}
