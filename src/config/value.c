/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit size_units[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20},
					 {"GiB", 1 << 30}, {NULL, 0}};
static const struct unit duration_units[] = {{"", NSEC_PER_SEC},
					     {"s", NSEC_PER_SEC},
					     {"ms", NSEC_PER_MSEC},
					     {"us", 1000},
					     {"ns", 1},
					     {"m", 60 * NSEC_PER_SEC},
					     {"h", 3600 * NSEC_PER_SEC},
					     {NULL, 0}};
static const struct unit plain_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum option_type type)
{
	return type == OPTION_SIZE ? size_units : type == OPTION_DURATION ? duration_units : plain_units;
}

static void *field(const struct config_option *o, void *base)
{
	return (char *)base + o->offset;
}

static int parse_number(const struct config_option *o, const char *text, uint64_t *ret)
{
	const struct unit *units = units_of(o->type);
	char *end;
	uint64_t n;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno)
		return -ERANGE;
	for (; units->suffix; units++)
		if (!strcmp(end, units->suffix))
			return __builtin_mul_overflow(n, units->factor, ret) ? -ERANGE : 0;
	return -EINVAL;
}

static void show_number(const struct config_option *o, uint64_t n, struct buf *out)
{
	const struct unit *units = units_of(o->type), *best = units;

	for (; units->suffix; units++)
		if (units->suffix[0] && n && n % units->factor == 0 &&
		    (!best->suffix[0] || units->factor > best->factor))
			best = units;
	if (best->suffix[0])
		buf_printf(out, "%" PRIu64 "%s", n / best->factor, best->suffix);
	else
		buf_printf(out, "%" PRIu64, o->type == OPTION_DURATION ? n / NSEC_PER_SEC : n);
}

static int out_of_range(const struct config_option *o, struct err *err)
{
	_cleanup_(buf_free) struct buf low = {0}, high = {0};

	show_number(o, o->min, &low);
	show_number(o, o->max, &high);
	return err_set(err, -EINVAL, "must be at least %s%s%s", low.data ? low.data : "0",
		       o->max ? " and at most " : "", o->max ? high.data : "");
}

static const char *example(enum option_type type)
{
	return type == OPTION_SIZE       ? "65536, 64KiB or 16MiB"
	       : type == OPTION_DURATION ? "10s, 500ms or 2m"
					 : "42";
}

static int set_number(const struct config_option *o, void *base, const char *text, struct err *err)
{
	uint64_t n;
	int r = parse_number(o, text, &n);

	if (r == -EINVAL)
		return err_set(err, -EINVAL, "'%s' is not understood; write it like %s", text,
			       example(o->type));
	if (r < 0 || n < o->min || (o->max && n > o->max))
		return out_of_range(o, err);
	if (o->power_of_two && (n & (n - 1)))
		return err_set(err, -EINVAL, "'%s' is not a power of two", text);
	*(uint64_t *)field(o, base) = n;
	return 0;
}

static int set_int(const struct config_option *o, void *base, const char *text, struct err *err)
{
	char *end;
	int64_t n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end || isspace((unsigned char)text[0]))
		return err_set(err, -EINVAL, "'%s' is not understood; write it like -5 or 5", text);
	if (errno || n < (int64_t)o->min || n > (int64_t)o->max)
		return err_set(err, -EINVAL, "must be at least %" PRId64 " and at most %" PRId64,
			       (int64_t)o->min, (int64_t)o->max);
	*(int64_t *)field(o, base) = n;
	return 0;
}

static int set_bool(const struct config_option *o, void *base, const char *text, struct err *err)
{
	bool yes = !strcmp(text, "true") || !strcmp(text, "yes") || !strcmp(text, "on");
	bool no = !strcmp(text, "false") || !strcmp(text, "no") || !strcmp(text, "off");

	if (!yes && !no)
		return err_set(err, -EINVAL, "'%s' is neither true nor false", text);
	*(bool *)field(o, base) = yes;
	return 0;
}

static int set_choice(const struct config_option *o, void *base, const char *text, struct err *err)
{
	_cleanup_(buf_free) struct buf names = {0};

	for (unsigned i = 0; o->choices[i]; i++) {
		if (!strcmp(o->choices[i], text)) {
			*(unsigned *)field(o, base) = i;
			return 0;
		}
		buf_printf(&names, "%s%s", i ? ", " : "", o->choices[i]);
	}
	return err_set(err, -EINVAL, "'%s' is none of: %s", text, names.data);
}

static int set_string(const struct config_option *o, void *base, const char *text, struct err *err)
{
	char *copy = strdup(text);

	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	free(*(char **)field(o, base));
	*(char **)field(o, base) = copy;
	return 0;
}

int string_list_add(struct string_list *list, const char *item)
{
	char **items = realloc(list->items, (list->len + 2) * sizeof(*items));
	char *copy = strdup(item);

	if (items)
		list->items = items;
	if (!items || !copy) {
		free(copy);
		return -ENOMEM;
	}
	list->items[list->len++] = copy;
	list->items[list->len] = NULL;
	return 0;
}

void string_list_free(struct string_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct string_list){0};
}

int value_list_add(const struct config_option *o, void *base, const char *item, struct err *err)
{
	return string_list_add(field(o, base), item) < 0 ? err_set(err, -ENOMEM, "out of memory") : 0;
}

static int set_list(const struct config_option *o, void *base, const char *text, struct err *err)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *item;
	int r;

	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	value_clear(o, base);
	while ((item = strsep(&rest, ","))) {
		item += strspn(item, " ");
		for (size_t len = strlen(item); len && item[len - 1] == ' ';)
			item[--len] = '\0';
		if (!item[0])
			continue;
		r = value_list_add(o, base, item, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int value_set(const struct config_option *o, void *base, const char *text, struct err *err)
{
	switch (o->type) {
	case OPTION_BOOL:
		return set_bool(o, base, text, err);
	case OPTION_STRING:
		return set_string(o, base, text, err);
	case OPTION_LIST:
		return set_list(o, base, text, err);
	case OPTION_INT:
		return set_int(o, base, text, err);
	case OPTION_CHOICE:
		return set_choice(o, base, text, err);
	default:
		return set_number(o, base, text, err);
	}
}

void value_clear(const struct config_option *o, void *base)
{
	if (o->type == OPTION_STRING) {
		free(*(char **)field(o, base));
		*(char **)field(o, base) = NULL;
	}
	if (o->type == OPTION_LIST)
		string_list_free(field(o, base));
}

static void show_quoted(const char *s, struct buf *out)
{
	buf_char(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_char(out, '\\');
		buf_char(out, *s);
	}
	buf_char(out, '"');
}

static void show_list(const struct string_list *list, struct buf *out)
{
	buf_char(out, '[');
	for (size_t i = 0; i < list->len; i++) {
		buf_str(out, i ? ", " : "");
		show_quoted(list->items[i], out);
	}
	buf_char(out, ']');
}

void value_show(const struct config_option *o, const void *base, struct buf *out)
{
	const void *p = (const char *)base + o->offset;

	switch (o->type) {
	case OPTION_BOOL:
		buf_str(out, *(const bool *)p ? "true" : "false");
		break;
	case OPTION_STRING:
		show_quoted(*(const char *const *)p, out);
		break;
	case OPTION_LIST:
		show_list(p, out);
		break;
	case OPTION_INT:
		buf_printf(out, "%" PRId64, *(const int64_t *)p);
		break;
	case OPTION_CHOICE:
		buf_str(out, o->choices[*(const unsigned *)p]);
		break;
	default:
		show_number(o, *(const uint64_t *)p, out);
	}
}
