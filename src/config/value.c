/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "parse.h"
#include "quote.h"

#define MASK "***"

static void *field(const struct config_option *o, void *base)
{
	return (char *)base + o->offset;
}

static int not_a_power_of_two(const char *text, uint64_t n, struct err *err)
{
	uint64_t below = 1ULL << (63 - __builtin_clzll(n));
	char low[PARSE_TEXT_MAX], high[PARSE_TEXT_MAX];

	return err_set(err, -EINVAL, "'%s' is not a power of two; the nearest are %s and %s", text,
		       format_size(below, low), format_size(below << 1, high));
}

static int set_number(const struct config_option *o, void *base, const char *text, struct err *err)
{
	uint64_t max = o->max ? o->max : UINT64_MAX, n;
	int r = (o->type == OPTION_SIZE	      ? parse_size
		 : o->type == OPTION_DURATION ? parse_duration
					      : parse_u64)(text, o->min, max, &n, err);

	if (r < 0)
		return r;
	if (o->power_of_two && (n & (n - 1)))
		return not_a_power_of_two(text, n, err);
	*(uint64_t *)field(o, base) = n;
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

static int check_text(const char *text, struct err *err)
{
	return quote_can(text)
		       ? 0
		       : err_set(err, -EINVAL, "the text is not UTF-8, as a configuration is; write it in UTF-8");
}

/* What stands before the '@' of a URL: *ret_len bytes, 0 where there is none. */
static const char *find_user(const char *url, size_t *ret_len)
{
	const char *scheme_end = strstr(url, "://"), *user = scheme_end ? scheme_end + 3 : url;
	const char *at = memrchr(user, '@', strcspn(user, "/?#"));

	*ret_len = at ? (size_t)(at - user) : 0;
	return user;
}

/* What was shown is loaded again: the mask must not become the password. */
static int refuse_mask(const char *url, struct err *err)
{
	size_t len;
	const char *user = find_user(url, &len);

	if (len != strlen(MASK) || strncmp(user, MASK, len))
		return 0;
	return err_set(err, -EINVAL,
		       "user and password are masked (" MASK "), as 'teide config --show' prints them; write "
		       "what they are, or leave out '" MASK "@'");
}

static int set_string(const struct config_option *o, void *base, const char *text, struct err *err)
{
	int r = check_text(text, err);
	char *copy;

	if (r == 0 && o->is_url)
		r = refuse_mask(text, err);
	if (r < 0)
		return r;
	copy = strdup(text);
	if (!copy)
		return err_oom(err);
	free(*(char **)field(o, base));
	*(char **)field(o, base) = copy;
	return 0;
}

const char *value_text(const struct config_option *o, const void *base, struct buf *masked)
{
	const char *text = *(const char *const *)((const char *)base + o->offset);
	const char *user = text;
	size_t len = 0;

	if (o->is_url)
		user = find_user(text, &len);
	if (!len)
		return text;
	buf_printf(masked, "%.*s" MASK "%s", (int)(user - text), text, user + len);
	return masked->data ? masked->data : "";
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

int string_list_add_format(struct string_list *list, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL; /* undefined after a failure: vasprintf(3) */
		return -ENOMEM;
	}
	return string_list_add(list, text);
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
	int r = check_text(item, err);

	if (r < 0)
		return r;
	return string_list_add(field(o, base), item) < 0 ? err_oom(err) : 0;
}

static int set_list(const struct config_option *o, void *base, const char *text, struct err *err)
{
	_cleanup_free_ char *copy = strdup(text);
	char *rest = copy, *item;
	int r;

	if (!copy)
		return err_oom(err);
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
		return parse_bool(text, field(o, base), err);
	case OPTION_STRING:
		return set_string(o, base, text, err);
	case OPTION_LIST:
		return set_list(o, base, text, err);
	case OPTION_INT:
		return parse_i64(text, (int64_t)o->min, (int64_t)o->max, field(o, base), err);
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

static void show_list(const struct string_list *list, struct buf *out)
{
	buf_char(out, '[');
	for (size_t i = 0; i < list->len; i++) {
		buf_str(out, i ? ", " : "");
		quote_yaml(list->items[i], out);
	}
	buf_char(out, ']');
}

void value_show(const struct config_option *o, const void *base, struct buf *out)
{
	const void *p = (const char *)base + o->offset;
	_cleanup_(buf_free) struct buf masked = {0};
	char text[PARSE_TEXT_MAX];

	switch (o->type) {
	case OPTION_BOOL:
		buf_str(out, *(const bool *)p ? "true" : "false");
		break;
	case OPTION_STRING:
		quote_yaml(value_text(o, base, &masked), out);
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
	case OPTION_SIZE:
		buf_str(out, format_size(*(const uint64_t *)p, text));
		break;
	case OPTION_DURATION:
		buf_str(out, format_duration(*(const uint64_t *)p, text));
		break;
	default:
		buf_printf(out, "%" PRIu64, *(const uint64_t *)p);
	}
}
