/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "jsonw.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

static void escape_char(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
		buf_str(out, "\\\"");
		break;
	case '\\':
		buf_str(out, "\\\\");
		break;
	case '\n':
		buf_str(out, "\\n");
		break;
	case '\t':
		buf_str(out, "\\t");
		break;
	case '\r':
		buf_str(out, "\\r");
		break;
	default:
		buf_printf(out, "\\u%04x", c);
	}
}

/* What does not stand for itself within quotes, or is the begin of something longer. */
static const bool special[256] = {
	[0 ... 0x1f] = true,
	['"'] = true,
	['\\'] = true,
	[0x7f ... 0xff] = true,
};

/* Most of what is written needs no look at each character twice. */
static size_t plain_len(const unsigned char *p, size_t len)
{
	size_t n = 0;

	while (n < len && !special[p[n]])
		n++;
	return n;
}

static void quote_specials(struct buf *out, const unsigned char *p, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		n = plain_len(p + i, len - i);
		if (n) {
			buf_add(out, p + i, n);
			i += n;
			continue;
		}
		n = utf8_len(p + i, len - i);
		if (n == 0)
			buf_str(out, "\xef\xbf\xbd");
		else if (n == 1 && (p[i] < 0x20 || p[i] == '"' || p[i] == '\\' || p[i] == 0x7f))
			escape_char(out, p[i]);
		else
			buf_add(out, p + i, n);
		i += n ? n : 1;
	}
}

static char *put(char *to, const char *text, size_t len)
{
	memcpy(to, text, len);
	return to + len;
}

static void quote(struct buf *out, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	bool plain = plain_len(p, len) == len;
	char *to = buf_room(out, len + 2);

	if (!to)
		return;
	*to++ = '"';
	if (!plain) {
		buf_took(out, to);
		quote_specials(out, p, len);
		buf_char(out, '"');
		return;
	}
	to = put(to, s, len);
	*to++ = '"';
	buf_took(out, to);
}

static void begin_value(struct jw *j, const char *key)
{
	size_t len = key ? strlen(key) : 0;
	char *to = buf_room(j->out, len + 4);

	if (!to)
		return;
	if (j->comma)
		*to++ = ',';
	if (key && plain_len((const unsigned char *)key, len) == len) {
		*to++ = '"';
		to = put(to, key, len);
		*to++ = '"';
		*to++ = ':';
		buf_took(j->out, to);
	} else if (key) {
		buf_took(j->out, to);
		quote(j->out, key, len);
		buf_char(j->out, ':');
	} else {
		buf_took(j->out, to);
	}
	j->comma = true;
}

void jw_object(struct jw *j, const char *key)
{
	begin_value(j, key);
	buf_char(j->out, '{');
	j->comma = false;
}

void jw_object_end(struct jw *j)
{
	buf_char(j->out, '}');
	j->comma = true;
}

void jw_array(struct jw *j, const char *key)
{
	begin_value(j, key);
	buf_char(j->out, '[');
	j->comma = false;
}

void jw_array_end(struct jw *j)
{
	buf_char(j->out, ']');
	j->comma = true;
}

void jw_string_n(struct jw *j, const char *key, const char *value, size_t len)
{
	begin_value(j, key);
	quote(j->out, value, len);
}

void jw_string(struct jw *j, const char *key, const char *value)
{
	jw_string_n(j, key, value, strlen(value));
}

/* snprintf() is most of the cost of a line of numbers, hence by hand. */
void jw_u64(struct jw *j, const char *key, uint64_t value)
{
	char digits[20], *p = digits + sizeof(digits);

	begin_value(j, key);
	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buf_add(j->out, p, (size_t)(digits + sizeof(digits) - p));
}

void jw_id(struct jw *j, const char *key, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	jw_string(j, key, digits);
}

void jw_i64(struct jw *j, const char *key, int64_t value)
{
	begin_value(j, key);
	buf_printf(j->out, "%lld", (long long)value);
}

void jw_double(struct jw *j, const char *key, double value)
{
	begin_value(j, key);
	if (isfinite(value))
		buf_printf(j->out, "%.15g", value);
	else
		buf_str(j->out, "null");
}

void jw_bool(struct jw *j, const char *key, bool value)
{
	begin_value(j, key);
	buf_str(j->out, value ? "true" : "false");
}

void jw_null(struct jw *j, const char *key)
{
	begin_value(j, key);
	buf_str(j->out, "null");
}
