/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "jsonr.h"

#include <errno.h>
#include <stdbool.h>

/* The position behind the string that begins at text[i]. */
static size_t skip_string(const char *text, size_t len, size_t i)
{
	for (i++; i < len && text[i] != '"'; i++)
		if (text[i] == '\\')
			i++;
	return i + 1;
}

/* Each value and key but the first stands behind one of "{[,:". The parser stops behind the first value,
 * and where the text is not JSON; so does this count, or later. */
static bool has_too_many(const char *text, size_t len)
{
	size_t n = 1, depth = 0;

	for (size_t i = 0; i < len;) {
		char c = text[i];

		if (c == '"') {
			i = skip_string(text, len, i);
			continue;
		}
		i++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && (!depth || !--depth))
			return false;
		if (depth && (c == '{' || c == '[' || c == ',' || c == ':') && ++n > JSONR_VALUES_MAX)
			return true;
	}
	return false;
}

int jsonr_read(json_t **ret, const char *text, size_t len, size_t flags, struct err *err)
{
	json_error_t error = {0};
	json_t *root;

	if (has_too_many(text, len))
		return err_set(err, -E2BIG, "more than %d values", JSONR_VALUES_MAX);
	errno = 0;
	root = json_loadb(text, len, flags, &error);
	/* Of want of memory jansson says nothing, or that a token is invalid. */
	if (!root && errno == ENOMEM)
		return err_oom(err);
	if (!root)
		return err_set(err, -EINVAL, "%s", error.text);
	*ret = root;
	return 0;
}
