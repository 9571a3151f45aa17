/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gthulhu_messages.h"
#include "strategy.h"

static struct strategy entry(int32_t pid)
{
	return (struct strategy){.pid = pid, .priority = true, .execution_time_ns = 20000000};
}

static void bad_entries_are_refused_and_counted(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	struct strategy no_time = {.pid = 9}, long_time = entry(9);

	long_time.execution_time_ns = UINT64_MAX;
	assert_int_equal(strategy_list_add(&list, entry(7)), 0);
	assert_int_equal(strategy_list_add(&list, entry(7)), -EEXIST);
	assert_int_equal(strategy_list_add(&list, entry(0)), -EINVAL);
	assert_int_equal(strategy_list_add(&list, entry(-4)), -EINVAL);
	assert_int_equal(strategy_list_add(&list, no_time), -EINVAL);
	assert_int_equal(strategy_list_add(&list, long_time), -EINVAL);
	assert_int_equal(list.len, 1);
	assert_int_equal(list.refused_duplicate, 1);
	assert_int_equal(list.refused_invalid, 4);
}

static void lists_are_bounded(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};

	for (int32_t pid = 1; pid <= STRATEGY_MAX; pid++)
		assert_int_equal(strategy_list_add(&list, entry(pid)), 0);
	assert_int_equal(strategy_list_add(&list, entry(STRATEGY_MAX + 1)), -ENOSPC);
	assert_int_equal(list.len, STRATEGY_MAX);
	assert_int_equal(list.refused_full, 1);
	strategy_list_clear(&list);
	assert_int_equal(list.len + list.refused_full, 0);
	assert_int_equal(strategy_list_add(&list, entry(5)), 0);
}

static void copies_are_equal_and_apart(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list a = {0}, b = {0};

	for (int32_t pid = 1; pid < 100; pid++)
		strategy_list_add(&a, entry(pid));
	strategy_list_add(&a, entry(1));
	assert_int_equal(strategy_list_copy(&b, &a), 0);
	assert_true(strategy_list_same(&a, &b));
	assert_int_equal(b.refused_duplicate, 1);
	b.items[3].priority = false;
	assert_false(strategy_list_same(&a, &b));
}

static void order_does_not_count(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list a = {0}, b = {0};

	assert_true(strategy_list_same(&a, &b));
	strategy_list_add(&a, entry(1));
	strategy_list_add(&a, entry(2));
	strategy_list_add(&b, entry(2));
	assert_false(strategy_list_same(&a, &b));
	strategy_list_add(&b, entry(1));
	assert_true(strategy_list_same(&a, &b));
	b.items[0].execution_time_ns++;
	assert_false(strategy_list_same(&a, &b));
}

static void the_body_has_these_keys_and_no_others(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};
	_cleanup_(buf_free) struct buf out = {0};

	strategy_list_add(&list, entry(365162));
	strategy_list_add(&list, (struct strategy){.pid = 2, .execution_time_ns = 10000000000});
	gthulhu_write_list(&out, &list);
	assert_string_equal(out.data, "{\"strategies\":["
				      "{\"pid\":365162,\"priority\":true,\"execution_time\":20000000},"
				      "{\"pid\":2,\"priority\":false,\"execution_time\":10000000000}]}");
}

static void base_urls_are_found(void **state)
{
	static const char *const cases[][2] = {
		{"http://gthulhu-api:80", "http://gthulhu-api:80"},
		{"http://h:80/", "http://h:80"},
		{"http://h:80/api/v1/scheduling/strategies", "http://h:80"},
		{"https://h/prefix/api/v1/auth/token", "https://h/prefix"},
		{"HTTP://h", "HTTP://h"},
	};
	static const char *const bad[] = {"", "h:80", "ftp://h", "http://", "http:///x", "http://h h"};
	struct err err;
	char *base;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(gthulhu_base_url(cases[i][0], &base, &err), 0);
		assert_string_equal(base, cases[i][1]);
		free(base);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(gthulhu_base_url(bad[i], &base, &err), -EINVAL);
		assert_non_null(strstr(err.text, "api.url"));
	}
}

static int read_list(const char *text, struct strategy_list *list)
{
	json_auto_t *root = json_loads(text, 0, NULL);
	struct err err;

	assert_non_null(root);
	strategy_list_clear(list);
	return gthulhu_read_list(root, list, &err);
}

static void lists_of_every_protocol_are_read(void **state)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};

	assert_int_equal(read_list("{\"scheduling\":null}", &list), 0);
	assert_int_equal(list.len, 0);
	assert_int_equal(read_list("{\"scheduling\":[]}", &list), 0);
	assert_int_equal(read_list("{\"scheduling\":[{\"pid\":4,\"priority\":true,"
				   "\"execution_time\":5},{\"pid\":4,\"priority\":0,"
				   "\"execution_time\":0},{\"pid\":6,\"priority\":3,"
				   "\"execution_time\":7}]}",
				   &list),
			 0);
	assert_int_equal(list.len, 3);
	assert_true(list.items[0].priority && !list.items[1].priority && list.items[2].priority);
	assert_int_equal(list.items[2].execution_time_ns, 7);
}

static void lies_are_refused(void **state)
{
	static const char *const cases[] = {
		"{\"scheduling\":5}",
		"{\"scheduling\":[null]}",
		"{\"scheduling\":[[]]}",
		"{\"scheduling\":[{\"pid\":\"4\",\"priority\":true,\"execution_time\":5}]}",
		"{\"scheduling\":[{\"pid\":4294967297,\"priority\":true,\"execution_time\":5}]}",
		"{\"scheduling\":[{\"pid\":4,\"priority\":\"yes\",\"execution_time\":5}]}",
		"{\"scheduling\":[{\"pid\":4,\"priority\":true,\"execution_time\":-5}]}",
		"{\"scheduling\":[{\"pid\":4,\"priority\":true,\"execution_time\":2e7}]}",
	};
	_cleanup_(strategy_list_free) struct strategy_list list = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(read_list(cases[i], &list), -EBADMSG);
}

static int check(int status, const char *body, const char *secret, struct err *err)
{
	struct http_response response = {.status = status, .body = body, .body_len = strlen(body)};
	json_t *root = NULL;
	int r = gthulhu_check(&response, "http://h/x", secret, &root, err);

	json_decref(root);
	return r;
}

static void only_full_successes_count(void **state)
{
	struct err err;

	assert_int_equal(check(200, "{\"success\":true}", NULL, &err), 0);
	assert_int_equal(check(200, "<html></html>", NULL, &err), -EBADMSG);
	assert_int_equal(check(200, "{\"success\":tr", NULL, &err), -EBADMSG);
	assert_int_equal(check(200, "", NULL, &err), -EBADMSG);
	assert_int_equal(check(200, "{\"success\":1}", NULL, &err), -EPROTO);
	assert_int_equal(check(200, "{\"success\":false,\"error\":\"why\"}", NULL, &err), -EPROTO);
	assert_non_null(strstr(err.text, "why"));
	assert_int_equal(check(201, "{\"success\":true}", NULL, &err), -EPROTO);
	assert_int_equal(check(302, "", NULL, &err), -EPROTO);
	assert_non_null(strstr(err.text, "redirected"));
	assert_int_equal(check(404, "{\"message\":\"Not Found\"}", NULL, &err), -EPROTO);
	assert_non_null(strstr(err.text, "Not Found"));
	assert_int_equal(check(401, "{\"error\":\"no\"}", NULL, &err), -EACCES);
}

static void server_texts_are_tamed(void **state)
{
	static const char secret[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char body[2000];
	struct err err;

	check(500, "{\"error\":\"a\\n\\u001b[31mb\"}", NULL, &err);
	assert_non_null(strstr(err.text, "a??[31mb"));
	snprintf(body, sizeof(body), "{\"error\":\"bad token %s\"}", secret);
	check(500, body, secret, &err);
	assert_null(strstr(err.text, "klmnop"));
	snprintf(body, sizeof(body), "{\"error\":\"bad token ...%s\"}", secret + 10);
	check(500, body, secret, &err);
	assert_null(strstr(err.text, "klmnop"));
	snprintf(body, sizeof(body), "{\"error\":\"%01000d\"}", 7);
	check(500, body, NULL, &err);
	assert_in_range(strlen(err.text), 1, 300);
}

static void tokens_of_every_protocol_are_read(void **state)
{
	json_auto_t *a = json_loads("{\"token\":\"x\"}", 0, NULL);
	json_auto_t *dm = json_loads("{\"data\":{\"token\":\"y\",\"expired_at\":1700000000}}", 0, NULL);
	json_auto_t *manager = json_loads("{\"data\":{\"token\":\"z\",\"refreshToken\":\"r\"}}", 0, NULL);
	json_auto_t *none = json_loads("{\"data\":{\"token\":5}}", 0, NULL);
	struct api_token token;
	struct err err;

	assert_int_equal(gthulhu_read_token(a, &token, &err), 0);
	assert_string_equal(token.text, "x");
	assert_false(token.nested);
	assert_int_equal(gthulhu_read_token(dm, &token, &err), 0);
	assert_string_equal(token.text, "y");
	assert_true(token.nested);
	assert_int_equal(token.expires_s, 1700000000);
	assert_int_equal(gthulhu_read_token(manager, &token, &err), 0);
	assert_string_equal(token.refresh, "r");
	assert_int_equal(gthulhu_read_token(none, &token, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_entries_are_refused_and_counted),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(copies_are_equal_and_apart),
		cmocka_unit_test(order_does_not_count),
		cmocka_unit_test(the_body_has_these_keys_and_no_others),
		cmocka_unit_test(base_urls_are_found),
		cmocka_unit_test(lists_of_every_protocol_are_read),
		cmocka_unit_test(lies_are_refused),
		cmocka_unit_test(only_full_successes_count),
		cmocka_unit_test(server_texts_are_tamed),
		cmocka_unit_test(tokens_of_every_protocol_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
