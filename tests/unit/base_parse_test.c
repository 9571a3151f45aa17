/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What people type as numbers, sizes, durations and booleans. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cleanup.h"
#include "parse.h"

#define UNTOUCHED 0x5555555555555555ULL

typedef int (*parse_fn)(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *err);

struct good {
	const char *text;
	uint64_t value;
};

struct bad {
	const char *text, *says;
};

static void accept(parse_fn parse, const struct good *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = UNTOUCHED;
		struct err err = {0};

		if (parse(cases[i].text, 0, UINT64_MAX, &value, &err) != 0 || value != cases[i].value)
			fail_msg("'%s' is %" PRIu64 ", not %" PRIu64 " (%s)", cases[i].text, value, cases[i].value,
				 err.text);
	}
}

static void refuse(parse_fn parse, uint64_t min, uint64_t max, const struct bad *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = UNTOUCHED;
		struct err err = {0};
		int r = parse(cases[i].text, min, max, &value, &err);

		if (r != -EINVAL || value != UNTOUCHED)
			fail_msg("'%s' is taken as %" PRIu64, cases[i].text, value);
		if (!strstr(err.text, cases[i].says))
			fail_msg("of '%s': '%s' does not say '%s'", cases[i].text, err.text, cases[i].says);
	}
}

static void numbers(void **state)
{
	static const struct good good[] = {
		{"0", 0},
		{"7", 7},
		{"65535", 65535},
		{"0x0", 0},
		{"0x1F", 31},
		{"0Xff", 255},
		{"0x010", 16},
		{"18446744073709551615", UINT64_MAX},
		{"0xffffffffffffffff", UINT64_MAX},
	};
	static const struct bad bad[] = {
		{"", "'' is not understood; write it like 42"},
		{" 7", "' 7' is not understood"},
		{"7 ", "'7 ' is not understood"},
		{"+7", "'+7' is not understood"},
		{"7x", "'7x' is not understood"},
		{"0x", "'0x' is not understood"},
		{"0xg", "'0xg' is not understood"},
		{"x7", "'x7' is not understood"},
		{"1e3", "'1e3' is not understood"},
		{"1.5", "'1.5' is not understood"},
		{"1k", "'1k' is not understood"},
		{"--7", "'--7' is not understood"},
		{"- 7", "'- 7' is not understood"},
		{"0b11", "'0b11' is not understood"},
		{"0o17", "'0o17' is not understood"},
		{"-3", "must be at least 2 and at most 100, not '-3'"},
		{"1", "must be at least 2 and at most 100, not '1'"},
		{"101", "must be at least 2 and at most 100, not '101'"},
		{"18446744073709551618", "must be at least 2 and at most 100"}, /* 2 + 2^64 */
		{"0x10000000000000002", "must be at least 2 and at most 100"},
		{"99999999999999999999999999999999999999999", "must be at least 2 and at most 100"},
		{"010", "'010' begins with 0: as an octal number it is 8, as a decimal 10; write"},
		{"-010", "as an octal number it is -8, as a decimal -10"},
		{"09", "'09' begins with 0, as octal numbers do; write 9"},
		{"00", "'00' begins with 0, as octal numbers do; write 0"},
	};

	accept(parse_u64, good, ARRAY_SIZE(good));
	refuse(parse_u64, 2, 100, bad, ARRAY_SIZE(bad));
}

static void random_numbers_are_what_libc_reads(void **state)
{
	unsigned short seed[3] = {1, 2, 3};

	for (int i = 0; i < 20000; i++) {
		uint64_t n = (uint64_t)jrand48(seed) << 32 | (uint32_t)jrand48(seed), value;
		char text[32];

		n >>= nrand48(seed) % 64;
		snprintf(text, sizeof(text), i % 2 ? "%" PRIu64 : "0x%" PRIx64, n);
		assert_int_equal(parse_u64(text, 0, UINT64_MAX, &value, NULL), 0);
		assert_true(value == strtoull(text, NULL, 0));
		format_duration(n, text);
		assert_int_equal(parse_duration(text, n, n, &value, NULL), 0);
		format_size(n, text);
		assert_int_equal(parse_size(text, n, n, &value, NULL), 0);
	}
}

static void signed_numbers(void **state)
{
	int64_t n = 77;
	struct err err;

	assert_int_equal(parse_i64("-20", -20, 19, &n, NULL), 0);
	assert_int_equal(n, -20);
	assert_int_equal(parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &n, NULL), 0);
	assert_true(n == INT64_MIN);
	n = 77;
	assert_int_equal(parse_i64("-21", -20, 19, &n, &err), -EINVAL);
	assert_string_equal(err.text, "must be at least -20 and at most 19, not '-21'");
	assert_int_equal(parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &n, &err), -EINVAL);
	assert_int_equal(parse_i64("18446744073709551615", INT64_MIN, INT64_MAX, &n, &err), -EINVAL);
	assert_int_equal(parse_i64("-010", -20, 19, &n, &err), -EINVAL);
	assert_non_null(strstr(err.text, "-8, as a decimal -10"));
	assert_int_equal(parse_i64("5s", -20, 19, &n, &err), -EINVAL);
	assert_int_equal(parse_i64("-", -20, 19, &n, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'-' is not understood"));
	assert_int_equal(n, 77);
}

static void sizes(void **state)
{
	static const struct good good[] = {
		{"0", 0},
		{"65536", 65536},
		{"0x1000", 4096},
		{"12B", 12},
		{"256KB", 262144},
		{"256KiB", 262144},
		{"256k", 262144},
		{"256K", 262144},
		{"256Ki", 262144},
		{"256kb", 262144},
		{"16MB", 1 << 24},
		{"16MiB", 1 << 24},
		{"16M", 1 << 24},
		{"16mib", 1 << 24},
		{"1G", 1 << 30},
		{"1GiB", 1 << 30},
		{"1.5k", 1536},
		{"0.25MiB", 262144},
		{"17179869183G", 17179869183ULL << 30},
	};
	static const struct bad bad[] = {
		{"16MM", "'16MM' is not understood; write it like 65536, 64KiB or 16MiB"},
		{"16 MiB", "'16 MiB' is not understood"},
		{"1.5", "'1.5' is not understood"},
		{".5k", "'.5k' is not understood"},
		{"1.k", "'1.k' is not understood"},
		{"0x1k", "'0x1k' is not understood"},
		{"k", "'k' is not understood"},
		{"4095", "must be at least 4KiB and at most 1GiB, not '4095'"},
		{"2G", "must be at least 4KiB and at most 1GiB, not '2G'"},
		{"17179869184G", "must be at least 4KiB"}, /* 2^64 */
		{"-4k", "must be at least 4KiB"},
		{"010k", "as an octal number it is 8k, as a decimal 10k"},
	};

	accept(parse_size, good, ARRAY_SIZE(good));
	refuse(parse_size, 4096, 1 << 30, bad, ARRAY_SIZE(bad));
}

static void durations(void **state)
{
	static const struct good good[] = {
		{"0", 0},
		{"0s", 0},
		{"0.0", 0},
		{"1ns", 1},
		{"3us", 3000},
		{"5ms", 5000000},
		{"10s", 10000000000},
		{"1.5s", 1500000000},
		{"0.000000001s", 1},
		{"2m", 120000000000},
		{"2min", 120000000000},
		{"1h", 3600000000000},
		{"0.5h", 1800000000000},
		{"1.9999999999s", 1999999999},
		{"5124095h", 18446742000000000000ULL},
	};
	static const struct bad bad[] = {
		{"5", "'5' has no unit; write 5s, or 5ms"},
		{"0.5", "'0.5' has no unit; write 0.5s, or 0.5ms"},
		{"5 s", "'5 s' is not understood; write it like 10s, 500ms or 2m"},
		{"5S", "'5S' is not understood"},
		{"5x", "'5x' is not understood"},
		{"0x5", "'0x5' is not understood"},
		{"1.5ns", "'1.5ns' is not understood"},
		{"1.5.5s", "'1.5.5s' is not understood"},
		{"s", "'s' is not understood"},
		{"999us", "must be at least 1ms and at most 1h, not '999us'"},
		{"0", "must be at least 1ms and at most 1h, not '0'"},
		{"61m", "must be at least 1ms and at most 1h, not '61m'"},
		{"-5s", "must be at least 1ms and at most 1h, not '-5s'"},
		{"5124096h", "must be at least 1ms and at most 1h"},
		{"010s", "as an octal number it is 8s, as a decimal 10s"},
	};

	accept(parse_duration, good, ARRAY_SIZE(good));
	refuse(parse_duration, 1000000, 3600000000000, bad, ARRAY_SIZE(bad));
}

static void a_flag_may_have_bare_seconds(void **state)
{
	static const struct good good[] = {
		{"10", 10000000000}, {"0.2", 200000000}, {"5s", 5000000000}, {"2m", 120000000000}, {"500ms", 500000000},
	};
	static const struct bad bad[] = {
		{"", "'' is not understood; write it like 10, 10s, 500ms or 2m"},
		{"5 s", "is not understood"},
		{"0", "must be at least 1ms and at most 24h, not '0'"},
		{"1e9", "is not understood"},
		{"inf", "is not understood"},
		{"nan", "is not understood"},
		{"86401", "must be at least 1ms and at most 24h, not '86401'"},
		{"-1", "must be at least 1ms and at most 24h, not '-1'"},
	};

	accept(parse_seconds, good, ARRAY_SIZE(good));
	refuse(parse_seconds, 1000000, 86400000000000, bad, ARRAY_SIZE(bad));
}

static void no_upper_bound_is_not_printed(void **state)
{
	uint64_t n;
	struct err err;

	assert_int_equal(parse_duration("1us", 1000000, UINT64_MAX, &n, &err), -EINVAL);
	assert_string_equal(err.text, "must be at least 1ms, not '1us'");
}

/* https://yaml.org/type/bool.html */
static void booleans(void **state)
{
	static const char *const yes[] = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
	static const char *const no[] = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
	static const char *const neither[] = {"", "1", "0", "t", "tru", "truee", " true", "~", "null"};
	bool value;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		value = false;
		assert_int_equal(parse_bool(yes[i], &value, NULL), 0);
		assert_true(value);
		assert_int_equal(parse_bool(no[i], &value, NULL), 0);
		assert_false(value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(neither); i++) {
		struct err err = {0};

		assert_int_equal(parse_bool(neither[i], &value, &err), -EINVAL);
		assert_non_null(strstr(err.text, "is neither true nor false"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(random_numbers_are_what_libc_reads),
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(a_flag_may_have_bare_seconds),
		cmocka_unit_test(no_upper_bound_is_not_printed),
		cmocka_unit_test(booleans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
