/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "clock.h"

#define FRACTION_DIGITS 9
#define FRACTION_ONE 1000000000

struct unit {
	const char *name;
	uint64_t factor;
};

struct kind {
	const struct unit *units; /* the first of each factor is the one that is printed; NULL: none */
	const char *example;
	const char *bare; /* the unit of a number that has none; NULL: there must be one */
	bool any_case;
};

static const struct unit size_units[] = {
	{"", 1},	  {"B", 1},	    {"KiB", 1 << 10}, {"KB", 1 << 10}, {"K", 1 << 10},
	{"Ki", 1 << 10},  {"MiB", 1 << 20}, {"MB", 1 << 20},  {"M", 1 << 20},  {"Mi", 1 << 20},
	{"GiB", 1 << 30}, {"GB", 1 << 30},  {"G", 1 << 30},   {"Gi", 1 << 30}, {NULL, 0},
};

static const struct unit duration_units[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", NSEC_PER_MSEC},
	{"s", NSEC_PER_SEC},
	{"m", 60 * NSEC_PER_SEC},
	{"min", 60 * NSEC_PER_SEC},
	{"h", 3600 * NSEC_PER_SEC},
	{NULL, 0},
};

static const struct kind plain = {.example = "42", .bare = ""};
static const struct kind size = {size_units, "65536, 64KiB or 16MiB", "", true};
static const struct kind duration = {duration_units, "10s, 500ms or 2m", NULL, false};
static const struct kind seconds = {duration_units, "10, 10s, 500ms or 2m", "s", false};

struct number {
	uint64_t whole;
	uint64_t fraction; /* in parts of FRACTION_ONE */
	const char *rest;  /* what follows it */
	bool too_large, has_fraction;
};

/* -1: c is no digit in this base. */
static int digit(char c, unsigned base)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return found && found - digits < (ptrdiff_t)base ? (int)(found - digits) : -1;
}

static void read_whole(const char *text, unsigned base, struct number *n)
{
	for (; digit(*text, base) >= 0; text++)
		if (__builtin_mul_overflow(n->whole, base, &n->whole) ||
		    __builtin_add_overflow(n->whole, (unsigned)digit(*text, base), &n->whole))
			n->too_large = true;
	n->rest = text;
}

/* Digits beyond the last that counts are read and dropped. */
static void read_fraction(struct number *n)
{
	const char *p = n->rest + 1;
	int digits = 0;

	for (; digit(*p, 10) >= 0; p++)
		if (digits++ < FRACTION_DIGITS)
			n->fraction = n->fraction * 10 + (unsigned)digit(*p, 10);
	for (int i = digits; i < FRACTION_DIGITS; i++)
		n->fraction *= 10;
	n->has_fraction = true;
	n->rest = p;
}

static bool is_hex(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && digit(text[2], 16) >= 0;
}

/* False: the text does not begin with a number. */
static bool read_number(const char *text, const struct kind *kind, struct number *ret)
{
	*ret = (struct number){0};
	if (digit(text[0], 10) < 0)
		return false;
	if (is_hex(text)) {
		read_whole(text + 2, 16, ret);
		return !*ret->rest && kind->bare;
	}
	read_whole(text, 10, ret);
	if (kind->units && *ret->rest == '.' && digit(ret->rest[1], 10) >= 0)
		read_fraction(ret);
	return true;
}

static bool begins_like_octal(const char *digits)
{
	return digits[0] == '0' && digit(digits[1], 10) >= 0;
}

/* "010" is 8 to C, YAML 1.1 and the shell, and 10 to a person. */
static int refuse_octal(const char *text, const char *digits, struct err *err)
{
	struct number octal = {0}, decimal = {0};
	const char *sign = digits > text ? "-" : "";

	read_whole(digits, 8, &octal);
	read_whole(digits, 10, &decimal);
	if (octal.rest < decimal.rest || !octal.whole)
		return err_set(err, -EINVAL, "'%s' begins with 0, as octal numbers do; write %s%" PRIu64 "%s", text,
			       sign, decimal.whole, decimal.rest);
	return err_set(err, -EINVAL,
		       "'%s' begins with 0: as an octal number it is %s%" PRIu64 "%s, as a decimal %s%" PRIu64
		       "%s; write the one that is meant",
		       text, sign, octal.whole, octal.rest, sign, decimal.whole, decimal.rest);
}

static int not_understood(const char *text, const struct kind *kind, struct err *err)
{
	return err_set(err, -EINVAL, "'%s' is not understood; write it like %s", text, kind->example);
}

static const struct unit *find_unit(const struct kind *kind, const char *name)
{
	for (const struct unit *u = kind->units; u && u->name; u++)
		if (!(kind->any_case ? strcasecmp : strcmp)(u->name, name))
			return u;
	return NULL;
}

/* The number in its unit's terms. False: that is beyond 64 bits. */
static bool scale(const struct number *n, uint64_t factor, uint64_t *ret)
{
	unsigned __int128 fraction = (unsigned __int128)n->fraction * factor / FRACTION_ONE;

	return !n->too_large && !__builtin_mul_overflow(n->whole, factor, ret) &&
	       !__builtin_add_overflow(*ret, (uint64_t)fraction, ret);
}

static const char *format_number(const struct unit *units, uint64_t n, char text[static PARSE_TEXT_MAX])
{
	const struct unit *best = units;

	for (const struct unit *u = units; u && u->name; u++)
		if (n && n % u->factor == 0 && u->factor > best->factor)
			best = u;
	snprintf(text, PARSE_TEXT_MAX, "%" PRIu64 "%s", best ? n / best->factor : n, best ? best->name : "");
	return text;
}

const char *format_size(uint64_t bytes, char text[static PARSE_TEXT_MAX])
{
	return format_number(size_units, bytes, text);
}

const char *format_duration(uint64_t ns, char text[static PARSE_TEXT_MAX])
{
	if (ns)
		return format_number(duration_units, ns, text);
	snprintf(text, PARSE_TEXT_MAX, "0s");
	return text;
}

static const char *format_bound(const struct kind *kind, uint64_t n, char text[static PARSE_TEXT_MAX])
{
	return kind->units == duration_units ? format_duration(n, text) : format_number(kind->units, n, text);
}

static int out_of_range(const char *text, const struct kind *kind, const uint64_t range[2], struct err *err)
{
	char low[PARSE_TEXT_MAX], high[PARSE_TEXT_MAX] = "";

	format_bound(kind, range[0], low);
	if (range[1] != UINT64_MAX)
		format_bound(kind, range[1], high);
	return err_set(err, -EINVAL, "must be at least %s%s%s, not '%s'", low, high[0] ? " and at most " : "", high,
		       text);
}

/* The factor of the unit that follows the number, or 0. */
static uint64_t factor_of(const struct number *n, const struct kind *kind)
{
	const char *name = *n->rest ? n->rest : kind->bare ? kind->bare : "s";
	const struct unit *unit = find_unit(kind, name);

	if (!kind->units)
		return !*name;
	return unit && !(n->has_fraction && unit->factor == 1) ? unit->factor : 0;
}

static int parse_scaled(const char *text, const struct kind *kind, const uint64_t range[2], uint64_t *ret,
			struct err *err)
{
	const char *digits = text + (text[0] == '-');
	uint64_t factor, value;
	struct number n;

	if (begins_like_octal(digits))
		return refuse_octal(text, digits, err);
	if (!read_number(digits, kind, &n))
		return not_understood(text, kind, err);
	if (!*n.rest && !kind->bare && (n.whole || n.fraction))
		return err_set(err, -EINVAL, "'%s' has no unit; write %ss, or %sms", text, text, text);
	factor = factor_of(&n, kind);
	if (!factor)
		return not_understood(text, kind, err);
	if (digits > text || !scale(&n, factor, &value) || value < range[0] || value > range[1])
		return out_of_range(text, kind, range, err);
	*ret = value;
	return 0;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *err)
{
	return parse_scaled(text, &plain, (const uint64_t[]){min, max}, ret, err);
}

int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret_bytes, struct err *err)
{
	return parse_scaled(text, &size, (const uint64_t[]){min, max}, ret_bytes, err);
}

int parse_duration(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns, struct err *err)
{
	return parse_scaled(text, &duration, (const uint64_t[]){min_ns, max_ns}, ret_ns, err);
}

int parse_seconds(const char *text, uint64_t min_ns, uint64_t max_ns, uint64_t *ret_ns, struct err *err)
{
	return parse_scaled(text, &seconds, (const uint64_t[]){min_ns, max_ns}, ret_ns, err);
}

int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
	const char *digits = text + (text[0] == '-');
	bool negative = digits > text;
	struct number n;
	__int128 value;

	if (begins_like_octal(digits))
		return refuse_octal(text, digits, err);
	if (!read_number(digits, &plain, &n) || *n.rest)
		return err_set(err, -EINVAL, "'%s' is not understood; write it like -5 or 5", text);
	value = negative ? -(__int128)n.whole : n.whole;
	if (n.too_large || value < min || value > max)
		return err_set(err, -EINVAL, "must be at least %" PRId64 " and at most %" PRId64 ", not '%s'", min, max,
			       text);
	*ret = (int64_t)value;
	return 0;
}

int parse_bool(const char *text, bool *ret, struct err *err)
{
	static const char *const words[][2] = {{"false", "true"}, {"no", "yes"}, {"n", "y"}, {"off", "on"}};

	for (size_t i = 0; i < ARRAY_SIZE(words) * 2; i++) {
		if (!strcasecmp(text, words[i / 2][i % 2])) {
			*ret = i % 2;
			return 0;
		}
	}
	return err_set(err, -EINVAL, "'%s' is neither true nor false", text);
}
