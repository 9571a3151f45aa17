/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "store.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "jsonr.h"

void store_free(struct store *store)
{
	free(store->entries);
	*store = (struct store){0};
}

static int bad(struct err *err, size_t i, const char *key, const char *wanted)
{
	return err_set(err, -EINVAL, "strategies[%zu].%s is not %s", i, key, wanted);
}

static int check_selectors(const json_t *selectors, size_t i, struct err *err)
{
	size_t k;
	const json_t *s;

	if (!json_is_array(selectors))
		return bad(err, i, "selectors", "an array");
	json_array_foreach(selectors, k, s) {
		const json_t *key = json_object_get(s, "key"), *value = json_object_get(s, "value");

		if (!json_is_object(s) || (key && !json_is_string(key)) || (value && !json_is_string(value)))
			return bad(err, i, "selectors", "a list of {key, value} strings");
	}
	return 0;
}

/* Absent and null leave a field at zero, as in the original. */
static const json_t *field(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

static int read_entry(const json_t *object, size_t i, struct store_entry *ret, struct err *err)
{
	const json_t *value;
	int r;

	if (!json_is_object(object))
		return err_set(err, -EINVAL, "strategies[%zu] is not an object", i);
	if ((value = field(object, "priority")) && !json_is_boolean(value))
		return bad(err, i, "priority", "true or false");
	ret->priority = json_is_true(value);
	if ((value = field(object, "execution_time")) && (!json_is_integer(value) || json_integer_value(value) < 0))
		return bad(err, i, "execution_time", "an unsigned integer of nanoseconds");
	ret->execution_time_ns = (uint64_t)json_integer_value(value);
	if ((value = field(object, "pid")) &&
	    (!json_is_integer(value) || (int32_t)json_integer_value(value) != json_integer_value(value)))
		return bad(err, i, "pid", "an integer of 32 bits");
	ret->pid = (int32_t)json_integer_value(value);
	if ((value = field(object, "command_regex")) && !json_is_string(value))
		return bad(err, i, "command_regex", "a string");
	if (!(value = field(object, "selectors")))
		return 0;
	r = check_selectors(value, i, err);
	ret->by_selectors = json_array_size(value) > 0;
	return r;
}

static int read_list(const json_t *list, struct store *ret, struct err *err)
{
	size_t i;
	const json_t *object;
	int r;

	if (!json_is_array(list))
		return err_set(err, -EINVAL, "strategies is not an array");
	if (json_array_size(list) > STORE_MAX)
		return err_set(err, -EINVAL, "strategies: more than %d entries", STORE_MAX);
	ret->entries = calloc(json_array_size(list) + 1, sizeof(*ret->entries));
	if (!ret->entries)
		return err_oom(err);
	json_array_foreach(list, i, object) {
		if (json_is_null(object))
			continue;
		r = read_entry(object, i, &ret->entries[ret->len], err);
		if (r < 0)
			return r;
		ret->len++;
	}
	return 0;
}

int store_replace(struct store *store, const char *text, size_t len, struct err *err)
{
	_cleanup_(store_free) struct store fresh = {.ever_set = true};
	json_auto_t *root = NULL;
	const json_t *list;
	int r;

	if (!len)
		return err_set(err, -EINVAL, "EOF");
	/* Bytes behind the first value are ignored, as in the original. */
	r = jsonr_read(&root, text, len, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, err);
	if (r < 0)
		return r;
	if (!json_is_object(root) && !json_is_null(root))
		return err_set(err, -EINVAL, "not an object");
	list = field(root, "strategies");
	r = list ? read_list(list, &fresh, err) : 0;
	if (r < 0)
		return r;
	fresh.hits = store->hits;
	fresh.misses = store->misses;
	free(store->entries);
	*store = fresh;
	fresh = (struct store){0};
	return 0;
}

static bool resolves(const struct store_entry *e)
{
	return e->pid != 0 && !e->by_selectors;
}

static void write_entry(struct jw *j, const struct store_entry *e)
{
	jw_object(j, NULL);
	jw_bool(j, "priority", e->priority);
	jw_u64(j, "execution_time", e->execution_time_ns);
	jw_i64(j, "pid", e->pid);
	jw_object_end(j);
}

static void write_list(const struct store *store, struct jw *j, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < store->len; i++)
		n += resolves(&store->entries[i]);
	if (n == 0 && store->ever_set) {
		jw_null(j, key);
		return;
	}
	jw_array(j, key);
	for (size_t i = 0; i < store->len; i++)
		if (resolves(&store->entries[i]))
			write_entry(j, &store->entries[i]);
	jw_array_end(j);
}

bool store_write(struct store *store, struct jw *j, const char *key)
{
	bool hit = store->cached;

	write_list(store, j, key);
	*(hit ? &store->hits : &store->misses) += 1;
	store->cached = true;
	return hit;
}
