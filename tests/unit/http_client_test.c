/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An option that cannot be set, for want of memory say, never leaves a call that goes out without it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <dlfcn.h>

#include "cleanup.h"
#include "client.h"

static int strdups_until_failure = -1, options_until_failure = -1; /* -1: none fails */

static bool fails(int *until)
{
	return *until >= 0 && (*until)-- == 0;
}

char *strdup(const char *s)
{
	char *copy = fails(&strdups_until_failure) ? NULL : malloc(strlen(s) + 1);

	return copy ? strcpy(copy, s) : NULL;
}

#undef curl_easy_setopt
CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
	CURLcode (*real)(CURL *, CURLoption, ...) = dlsym(RTLD_NEXT, "curl_easy_setopt");
	va_list args;
	void *value; /* long, pointer and curl_off_t come alike */

	va_start(args, option);
	value = va_arg(args, void *);
	va_end(args);
	return fails(&options_until_failure) ? CURLE_OUT_OF_MEMORY : real(easy, option, value);
}

struct scene {
	struct loop *loop;
	char pem[32];
};

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	strcpy(s->pem, "/tmp/teide-pem-XXXXXX");
	close(mkstemp(s->pem));
	s->loop = loop_new();
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	unlink(s->pem);
	loop_free(s->loop);
	free(s);
	return 0;
}

static struct http_client_options all_files(struct scene *s)
{
	return (struct http_client_options){s->pem, s->pem, s->pem};
}

static void a_file_that_cannot_be_remembered_is_not_none(void **state)
{
	struct scene *s = *state;
	struct http_client_options options = all_files(s);
	struct http_client *client = NULL;

	for (int n = 0; n < 3; n++) {
		strdups_until_failure = n;
		assert_int_equal(http_client_new(&client, s->loop, &options, NULL), -ENOMEM);
		assert_null(client);
		assert_int_equal(strdups_until_failure, -1);
	}
}

static void a_call_has_all_its_options_or_is_none(void **state)
{
	struct scene *s = *state;
	struct http_client_options options = all_files(s);
	struct http_request request = {
		.method = "POST", .url = "https://127.0.0.1:1/", .body = "x", .body_len = 1, .timeout_ns = 1000000000};
	struct http_client *client;
	struct http_call *call;
	int n = 0;

	assert_int_equal(http_client_new(&client, s->loop, &options, NULL), 0);
	for (;; n++) {
		options_until_failure = n;
		call = http_client_start(client, &request, NULL, NULL);
		if (options_until_failure >= 0)
			break;
		assert_null(call);
	}
	options_until_failure = -1;
	assert_true(n > 15);
	assert_non_null(call);
	http_call_cancel(call);
	http_client_free(client);
}

static void what_is_no_file_is_named(void **state)
{
	struct scene *s = *state;
	struct http_client_options options = {.ca_file = s->pem};
	struct http_client *client;
	struct err err;

	unlink(s->pem);
	assert_int_equal(mkfifo(s->pem, 0600), 0); /* libcurl would wait for its writer */
	assert_true(http_client_new(&client, s->loop, &options, &err) < 0);
	assert_non_null(strstr(err.text, "not a regular file"));
	assert_non_null(strstr(err.text, s->pem));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_remembered_is_not_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_call_has_all_its_options_or_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
