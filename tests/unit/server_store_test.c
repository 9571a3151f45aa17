/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "store.h"

#define ENTRY "{\"pid\":7,\"priority\":true,\"execution_time\":20000000}"
#define SHOWN "[{\"priority\":true,\"execution_time\":20000000,\"pid\":7}]"

static int replace(struct store *store, const char *text)
{
	struct err err;

	return store_replace(store, text, strlen(text), &err);
}

static void assert_shown(struct store *store, const char *wanted)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j = jw_begin(&out);

	store_write(store, &j, NULL);
	assert_string_equal(out.data, wanted);
}

static void nothing_set_is_an_empty_list_and_an_emptied_one_null(void **state)
{
	_cleanup_(store_free) struct store store = {0};

	assert_shown(&store, "[]");
	assert_int_equal(replace(&store, "{\"strategies\":[]}"), 0);
	assert_shown(&store, "null");
	assert_int_equal(replace(&store, "{\"strategies\":[" ENTRY "]}"), 0);
	assert_shown(&store, SHOWN);
	assert_int_equal(replace(&store, "{}"), 0);
	assert_shown(&store, "null");
	assert_int_equal(replace(&store, "{\"strategies\":null}"), 0);
	assert_shown(&store, "null");
}

static void what_is_wrong_leaves_the_list_alone(void **state)
{
	static const char *const cases[] = {
		"",
		"  ",
		"{",
		"[]",
		"5",
		"{\"strategies\":{}}",
		"{\"strategies\":[5]}",
		"{\"strategies\":[{\"pid\":1,\"priority\":1}]}",
		"{\"strategies\":[{\"pid\":1,\"priority\":\"true\"}]}",
		"{\"strategies\":[{\"pid\":1,\"execution_time\":-1}]}",
		"{\"strategies\":[{\"pid\":1,\"execution_time\":1.5}]}",
		"{\"strategies\":[{\"pid\":1,\"execution_time\":1e3}]}",
		"{\"strategies\":[{\"pid\":1,\"execution_time\":\"x\"}]}",
		"{\"strategies\":[{\"pid\":\"1\"}]}",
		"{\"strategies\":[{\"pid\":1.0}]}",
		"{\"strategies\":[{\"command_regex\":5}]}",
		"{\"strategies\":[{\"selectors\":{}}]}",
		"{\"strategies\":[{\"selectors\":[5]}]}",
		"{\"strategies\":[{\"selectors\":[{\"key\":5}]}]}",
	};
	_cleanup_(store_free) struct store store = {0};

	assert_int_equal(replace(&store, "{\"strategies\":[" ENTRY "]}"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(replace(&store, cases[i]), -EINVAL);
	assert_shown(&store, SHOWN);
}

static void entries_without_a_pid_are_not_shown(void **state)
{
	_cleanup_(store_free) struct store store = {0};

	assert_int_equal(replace(&store, "{\"strategies\":[{\"pid\":0,\"priority\":true},"
					 "{\"priority\":true},null," ENTRY ",{\"pid\":9,"
					 "\"selectors\":[{\"key\":\"a\",\"value\":\"b\"}]}]}"),
			 0);
	assert_shown(&store, SHOWN);
}

static void unknown_fields_and_trailing_bytes_are_ignored(void **state)
{
	_cleanup_(store_free) struct store store = {0};

	assert_int_equal(replace(&store, "{\"x\":[],\"strategies\":[{\"name\":\"n\",\"pid\":7,"
					 "\"priority\":true,\"execution_time\":20000000}]} trailing"),
			 0);
	assert_shown(&store, SHOWN);
}

static void a_list_is_cached_until_the_next(void **state)
{
	_cleanup_(store_free) struct store store = {0};
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j = jw_begin(&out);

	replace(&store, "{\"strategies\":[" ENTRY "]}");
	assert_false(store_write(&store, &j, NULL));
	assert_true(store_write(&store, &j, NULL));
	replace(&store, "{\"strategies\":[" ENTRY "]}");
	assert_false(store_write(&store, &j, NULL));
	assert_int_equal(store.hits, 1);
	assert_int_equal(store.misses, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_set_is_an_empty_list_and_an_emptied_one_null),
		cmocka_unit_test(what_is_wrong_leaves_the_list_alone),
		cmocka_unit_test(entries_without_a_pid_are_not_shown),
		cmocka_unit_test(unknown_fields_and_trailing_bytes_are_ignored),
		cmocka_unit_test(a_list_is_cached_until_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
