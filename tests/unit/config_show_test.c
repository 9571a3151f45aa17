/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "config_sections.h"

/* clang-format off */
static const char *const odd[] = {
	"", " ", "a b", "a, b", "plain", "~", "null", "true", "no", "010", "0x10", "1e3", "2026-01-02", "- a",
	"a: b", "#", "a # b", "'", "\"", "\\", "\\n", "a\nb", "\n", "a\n\n", "\ttab\t", "\r\n",
	"\x01\x1b[31mred\x7f", "*", "&a", "!a", "%a", "@a", "`a", "{a}", "[a]", "---", "...", "<<", "?",
	"gr\u00fcn", "\u00a0", "\xc2\x85", ("\xc2\x9b" "31m"), "\u2028", "\ufeff", "\U0001f600", "\uffff",
	"ends in blanks   ", "   begins",
};
/* clang-format on */

static void odd_texts_are_loaded_as_they_were(void **state)
{
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct config *c, *again;
		struct buf shown = {0}, twice = {0};
		struct err err = {0};

		assert_int_equal(config_load(&c, sections, 2, NULL, &err), 0);
		assert_int_equal(config_set(c, "api.url", odd[i], &err), 0);
		assert_int_equal(config_set(c, "probes.flow.interfaces", odd[i], &err), 0);
		config_show(c, &shown);
		if (load(&again, shown.data, &err) < 0)
			fail_msg("%s in %s", err.text, shown.data);
		assert_string_equal(((const struct api_options *)config_get(again, "api"))->url, odd[i]);
		const struct string_list *a = &((const struct flow_options *)config_get(c, "probes.flow"))->interfaces;
		const struct string_list *b =
			&((const struct flow_options *)config_get(again, "probes.flow"))->interfaces;
		assert_int_equal(a->len, b->len);
		for (size_t k = 0; k < a->len; k++)
			assert_string_equal(a->items[k], b->items[k]);
		for (const char *p = shown.data; *p; p++)
			assert_true(*p == '\n' || ((unsigned char)*p >= ' ' && *p != 0x7f));
		assert_null(strstr(shown.data, "\xc2\x9b"));
		config_show(again, &twice);
		config_free(c);
		config_free(again);
		buf_free(&shown);
		buf_free(&twice);
	}
}

static void what_is_no_utf8_is_refused(void **state)
{
	static const char *const bad[] = {"\xff",
					  "a\xc3",
					  "\xc0\x80",
					  "\xed\xa0\x80",
					  "\xf4\x90\x80\x80",
					  ("b\xfc"
					   "ro")};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct config *c;
		struct err err = {0};

		assert_int_equal(config_load(&c, sections, 2, NULL, &err), 0);
		assert_int_equal(config_set(c, "api.url", bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "UTF-8"));
		assert_int_equal(config_set(c, "probes.flow.interfaces", bad[i], &err), -EINVAL);
		assert_string_equal(((const struct api_options *)config_get(c, "api"))->url, "http://x:80");
		config_free(c);
	}
}

/* The remark behind a value tells of the file, whose name may hold anything. */
static void a_file_with_an_odd_name(void **state)
{
	static const char *const names[] = {"/tmp/teide-config\n  mode: merge #", "/tmp/teide-config-\u2028\xc2\x85",
					    "/tmp/teide-config-\xff"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct config *c, *again;
		struct buf shown = {0};
		struct err err = {0};
		FILE *f = fopen(names[i], "we");

		assert_non_null(f);
		fputs("api:\n  level: 3\n", f);
		fclose(f);
		assert_int_equal(config_load(&c, sections, 2, names[i], &err), 0);
		unlink(names[i]);
		config_show(c, &shown);
		if (load(&again, shown.data, &err) < 0)
			fail_msg("%s in %s", err.text, shown.data);
		assert_int_equal(((const struct api_options *)config_get(again, "api"))->level, 3);
		assert_int_equal(((const struct api_options *)config_get(again, "api"))->mode, 0);
		config_free(c);
		config_free(again);
		buf_free(&shown);
	}
}

static void a_password_in_a_url_is_not_shown(void **state)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{"http://me:secret@host:80/x", "http://***@host:80/x"},
		{"https://secret@host", "https://***@host"},
		{"http://me:sec@ret@host/", "http://***@host/"},
		{"me:secret@host", "***@host"},
		{"http://:secret@[::1]:80?a=b", "http://***@[::1]:80?a=b"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c, *again = NULL;
		struct buf shown = {0};
		struct err err = {0};

		assert_int_equal(config_load(&c, sections, 2, NULL, &err), 0);
		assert_int_equal(config_set(c, "api.server", cases[i].url, &err), 0);
		assert_string_equal(((const struct api_options *)config_get(c, "api"))->server, cases[i].url);
		config_show(c, &shown);
		assert_null(strstr(shown.data, "secret"));
		if (!strstr(shown.data, cases[i].shown))
			fail_msg("no %s in %s", cases[i].shown, shown.data);
		/* and the mask does not become the password */
		assert_int_equal(load(&again, shown.data, &err), -EINVAL);
		assert_non_null(strstr(err.text, "server: user and password are masked"));
		config_free(c);
		buf_free(&shown);
	}
	struct config *c;

	assert_int_equal(load(&c, "api: {server: 'http://host/***@x'}\n", NULL), 0);
	config_free(c);
}

static void what_is_shown_can_be_loaded_again(void **state)
{
	struct config *c, *again;
	struct buf shown = {0}, twice = {0};

	assert_int_equal(load(&c, "probes:\n  flow:\n    interfaces: [a, 'q\"s']\n", NULL), 0);
	assert_int_equal(config_set(c, "api.interval", "1500ms", NULL), 0);
	config_show(c, &shown);
	assert_int_equal(load(&again, shown.data, NULL), 0);
	assert_int_equal(((const struct api_options *)config_get(again, "api"))->interval, 1500000000);
	assert_string_equal(((const struct flow_options *)config_get(again, "probes.flow"))->interfaces.items[1],
			    "q\"s");
	assert_int_equal(((const struct api_options *)config_get(again, "api"))->level, -10);
	config_show(again, &twice);
	assert_true(twice.len > 0);
	config_free(c);
	config_free(again);
	buf_free(&shown);
	buf_free(&twice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_texts_are_loaded_as_they_were), cmocka_unit_test(what_is_no_utf8_is_refused),
		cmocka_unit_test(a_file_with_an_odd_name),	     cmocka_unit_test(a_password_in_a_url_is_not_shown),
		cmocka_unit_test(what_is_shown_can_be_loaded_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
