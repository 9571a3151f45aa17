/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "addr.h"
#include "buf.h"
#include "clock.h"
#include "cleanup.h"
#include "err.h"
#include "file.h"
#include "jsonr.h"
#include "jsonw.h"
#include "map.h"
#include "suggest.h"
#include "vec.h"

static void map_keeps_what_was_put_and_refuses_over_its_bound(void **state)
{
	struct map *m = map_new(sizeof(uint32_t), sizeof(uint64_t), 1000);
	size_t cursor = 0, visited = 0;
	const void *key;
	uint64_t *value;
	bool fresh;

	for (uint32_t i = 0; i < 1000; i++) {
		value = map_put(m, &i, &fresh);
		assert_true(fresh);
		*value = i * 3;
	}
	uint32_t extra = 5000;
	assert_null(map_put(m, &extra, NULL));
	assert_int_equal(map_refused(m), 1);
	for (uint32_t i = 0; i < 1000; i += 2)
		assert_true(map_remove(m, &i));
	while ((value = map_next(m, &cursor, &key))) {
		assert_int_equal(*value, *(const uint32_t *)key * 3);
		assert_int_equal(*(const uint32_t *)key % 2, 1);
		visited++;
	}
	assert_int_equal(visited, 500);
	assert_int_equal(map_len(m), 500);
	assert_non_null(map_put(m, &extra, &fresh));
	assert_true(fresh);
	map_clear(m);
	assert_null(map_get(m, &extra));
	map_free(m);
}

static void map_may_remove_while_walking(void **state)
{
	struct map *m = map_new(sizeof(uint32_t), 1, 100);
	size_t cursor = 0, seen = 0;
	const void *key;

	for (uint32_t i = 0; i < 100; i++)
		map_put(m, &i, NULL);
	while (map_next(m, &cursor, &key)) {
		uint32_t copy = *(const uint32_t *)key;

		seen++;
		assert_true(map_remove(m, &copy));
	}
	assert_int_equal(seen, 100);
	assert_int_equal(map_len(m), 0);
	map_free(m);
}

static void json_escapes_hostile_strings(void **state)
{
	struct buf out = {0};
	struct jw j = jw_begin(&out);

	jw_object(&j, NULL);
	jw_string(&j, "a\"b", "c\\d\n\x01");
	jw_string_n(&j, "bad", "\xff\xc0\x80ok\0x", 7);
	jw_u64(&j, "max", UINT64_MAX);
	jw_u64(&j, "zero", 0);
	jw_array(&j, "list");
	jw_i64(&j, NULL, -5);
	jw_bool(&j, NULL, true);
	jw_array_end(&j);
	jw_double(&j, "inf", 1.0 / 0.0);
	jw_object_end(&j);
	assert_string_equal(out.data, "{\"a\\\"b\":\"c\\\\d\\n\\u0001\","
				      "\"bad\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdok\\u0000x\","
				      "\"max\":18446744073709551615,\"zero\":0,\"list\":[-5,true],"
				      "\"inf\":null}");
	buf_free(&out);
}

static void addresses_parse_and_print(void **state)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	assert_int_equal(addr_parse("10.1.2.3", &a), 0);
	assert_true(addr_is_v4(&a));
	assert_string_equal(addr_format(&a, text), "10.1.2.3");
	assert_int_equal(addr_parse("2001:db8::1", &a), 0);
	assert_false(addr_is_v4(&a));
	assert_string_equal(addr_format(&a, text), "2001:db8::1");
	assert_int_equal(addr_parse("10.1.2", &a), -EINVAL);
}

static void errors_carry_context(void **state)
{
	struct err err = {0};

	assert_int_equal(err_set(&err, -ENOENT, "key '%s'", "x"), -ENOENT);
	assert_int_equal(err_prefix(&err, -ENOENT, "file %d", 3), -ENOENT);
	assert_string_equal(err.text, "file 3: key 'x'");
	assert_int_equal(err_oom(&err), -ENOMEM);
	assert_string_equal(err.text, "out of memory");
	assert_int_equal(err_oom(NULL), -ENOMEM);
	assert_string_equal(err_name(-ENOENT), err_name(ENOENT));
	assert_string_equal(err_name(INT_MIN), "unknown error");
	assert_int_equal(err_exit_code(-EINVAL), EXIT_USAGE);
	assert_int_equal(err_exit_code(-EOPNOTSUPP), EXIT_UNSUPPORTED);
	assert_int_equal(err_exit_code(-ENOENT), EXIT_FAILED);
}

static void time_is_rfc3339(void **state)
{
	char text[CLOCK_TEXT_MAX];

	assert_string_equal(clock_format(1767323045000000006ULL, text), "2026-01-02T03:04:05.000000006Z");
}

/* The sanitizer sees an item beyond the room. */
static void arrays_grow_an_item_at_a_time(void **state)
{
	uint32_t *items = NULL;
	size_t n = 0;

	for (; n < 1000; n++) {
		assert_true(VEC_ROOM(items, n));
		items[n] = (uint32_t)n;
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(items[i], i);
	assert_null(vec_grown(items, SIZE_MAX / 2 + 1, sizeof(*items)));
	assert_int_equal(items[999], 999);
	free(items);
}

static void all_bytes_are_written_or_the_error_is_told(void **state)
{
	char path[] = "/tmp/teide-base-XXXXXX";
	_cleanup_close_ int fd = mkostemp(path, O_CLOEXEC), reader = -1;
	struct buf b = {0};

	assert_int_equal(file_write_all(fd, "one, ", 5), 0);
	assert_int_equal(file_write_all(fd, "two", 3), 0);
	assert_int_equal(file_write_all(fd, NULL, 0), 0);
	assert_int_equal(buf_read_file(&b, path, 100), 0);
	assert_string_equal(b.data, "one, two");
	reader = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_write_all(reader, "x", 1), -EBADF);
	unlink(path);
	buf_free(&b);
}

static void only_regular_files_are_opened(void **state)
{
	char dir[] = "/tmp/teide-base-XXXXXX", path[64];
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	struct buf b = {0};

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_open(AT_FDCWD, path, 0), -EBADFD); /* without a wait */
	assert_int_equal(buf_read_file(&b, path, 10), -EBADFD);
	unlink(path);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	assert_int_equal(bind(s, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(s);
	assert_int_equal(file_open(AT_FDCWD, path, 0), -EBADFD);
	unlink(path);
	assert_int_equal(symlink("/proc/self/stat", path), 0);
	assert_int_equal(file_open(AT_FDCWD, path, O_NOFOLLOW), -ELOOP);
	assert_int_equal(buf_read_file(&b, path, 10000), 0);
	assert_int_equal(file_open(AT_FDCWD, dir, 0), -EBADFD);
	assert_int_equal(file_open(AT_FDCWD, "/dev/null", 0), -EBADFD);
	assert_string_equal(file_error(-EBADFD), "not a regular file");
	unlink(path);
	rmdir(dir);
	buf_free(&b);
}

static int read_json(const char *text, size_t flags)
{
	json_t *root = NULL;
	int r = jsonr_read(&root, text, strlen(text), flags, NULL);

	json_decref(root);
	return r;
}

static struct buf repeated(const char *before, const char *what, int n, const char *after)
{
	struct buf b = {0};

	buf_str(&b, before);
	for (int i = 0; i < n; i++)
		buf_str(&b, what);
	buf_str(&b, after);
	return b;
}

static void json_of_too_many_values_makes_no_tree(void **state)
{
	static const struct {
		const char *before, *what, *after;
		int values; /* of what */
	} cases[] = {
		{"[", "{},", "{}]", 1},		  {"{\"a\":[", "[],", "[]]}", 1},  {"[", "0,", "0]", 1},
		{"{", "\"k\":0,", "\"k\":0}", 2}, {"[", "\"[{,:\\\"\",", "0]", 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int more = 0; more < 2; more++) {
			int n = more ? JSONR_VALUES_MAX + 1 : JSONR_VALUES_MAX / 4 / cases[i].values;
			struct buf b = repeated(cases[i].before, cases[i].what, n, cases[i].after);

			assert_int_equal(read_json(b.data, 0), more ? -E2BIG : 0);
			buf_free(&b);
		}
	}
}

static void json_behind_the_value_does_not_count(void **state)
{
	struct buf b = repeated("[1,2] ", "[],", JSONR_VALUES_MAX, "");

	assert_int_equal(read_json(b.data, JSON_DISABLE_EOF_CHECK), 0);
	assert_int_equal(read_json(b.data, 0), -EINVAL);
	buf_free(&b);
	assert_int_equal(read_json("\"a", 0), -EINVAL);
	assert_int_equal(read_json("\"\\", JSON_DECODE_ANY), -EINVAL);
	assert_int_equal(read_json("]", 0), -EINVAL);
	assert_int_equal(read_json("", 0), -EINVAL);
}

static int allocations_left;

static void *scarce(size_t size)
{
	if (allocations_left-- > 0)
		return malloc(size);
	errno = ENOMEM;
	return NULL;
}

static void json_tells_want_of_memory_from_a_mistake(void **state)
{
	int r = -ENOMEM, n;

	for (n = 0; r == -ENOMEM; n++) {
		allocations_left = n;
		json_set_alloc_funcs(scarce, free);
		r = read_json("{\"a\":[1,2.5,\"text\"],\"b\":{\"c\":null}}", 0);
		json_set_alloc_funcs(malloc, free);
	}
	assert_int_equal(r, 0);
	assert_true(n > 10);
}

static void read_file_is_bounded(void **state)
{
	struct buf b = {0};

	assert_int_equal(buf_read_file(&b, "/proc/self/stat", 3), -EFBIG);
	assert_int_equal(strlen(b.data), b.len);
	buf_reset(&b);
	assert_int_equal(buf_read_file(&b, "/nonexistent", 3), -ENOENT);
	buf_free(&b);
}

static void near_words_are_suggested_and_far_ones_are_not(void **state)
{
	static const char *const known[] = {"flows",	    "trace",	     "doctor", "clean", "api.url",
					    "api.interval", "TEIDE_API_URL", "ip",     "no"};
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{"flwos", "flows"},   /* exchanged */
		{"flow", "flows"},    /* missing */
		{"tracee", "trace"},  /* too many */
		{"dactor", "doctor"}, /* wrong */
		{"doc", NULL},	      /* three of six are missing */
		{"api.ulr", "api.url"},
		{"api.intrevals", "api.interval"},
		{"TEIDE_API_URI", "TEIDE_API_URL"},
		{"FLOWS", "flows"},
		{"flows", "flows"},
		{"in", NULL}, /* half of the word would be an error */
		{"", NULL},
		{"colour", NULL},
		{"api.colour", NULL},
		{"TEIDE_ROOM_SERVICE", NULL},
	};
	char far[1000], hint[SUGGEST_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *nearest = suggest_nearest(cases[i].word, known, sizeof(known) / sizeof(known[0]));

		if (!cases[i].nearest)
			assert_null(nearest);
		else
			assert_string_equal(nearest, cases[i].nearest);
	}
	memset(far, 'f', sizeof(far) - 1);
	far[sizeof(far) - 1] = '\0';
	assert_null(suggest_nearest(far, known, 9));
	assert_null(suggest_nearest("flows", (const char *const[]){far}, 1));
	assert_null(suggest_nearest("flows", NULL, 0));
	assert_string_equal(suggest_hint("flwos", known, 9, hint), " did you mean 'flows'?");
	assert_string_equal(suggest_hint("colour", known, 9, hint), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_keeps_what_was_put_and_refuses_over_its_bound),
		cmocka_unit_test(map_may_remove_while_walking),
		cmocka_unit_test(json_escapes_hostile_strings),
		cmocka_unit_test(addresses_parse_and_print),
		cmocka_unit_test(errors_carry_context),
		cmocka_unit_test(time_is_rfc3339),
		cmocka_unit_test(arrays_grow_an_item_at_a_time),
		cmocka_unit_test(all_bytes_are_written_or_the_error_is_told),
		cmocka_unit_test(only_regular_files_are_opened),
		cmocka_unit_test(json_of_too_many_values_makes_no_tree),
		cmocka_unit_test(json_behind_the_value_does_not_count),
		cmocka_unit_test(json_tells_want_of_memory_from_a_mistake),
		cmocka_unit_test(read_file_is_bounded),
		cmocka_unit_test(near_words_are_suggested_and_far_ones_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
