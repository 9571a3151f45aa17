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
#include "clock.h"
#include "gthulhu_token.h"

#define S NSEC_PER_SEC
#define MINUTE (60 * S)
#define REAL (1700000000 * S)

/* The vectors of RFC 4648 10, and the two characters of its table 2. */
static void base64url_decodes(void **state)
{
	static const struct {
		const char *text, *bytes;
	} cases[] = {{"", ""},		 {"Zg", "f"},	       {"Zm8", "fo"},	       {"Zm9v", "foo"},
		     {"Zm9vYg", "foob"}, {"Zm9vYmE", "fooba"}, {"Zm9vYmFy", "foobar"}, {"-_-_", "\xfb\xff\xbf"}};
	uint8_t out[16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(base64url_decode(cases[i].text, strlen(cases[i].text), out), strlen(cases[i].bytes));
		assert_memory_equal(out, cases[i].bytes, strlen(cases[i].bytes));
	}
}

static void base64url_refuses_what_it_is_not(void **state)
{
	static const char *const cases[] = {"Z",    "Zm9vY", "Zm9v=", "Zg==", "Zm+v",
					    "Zm/v", "Z m9v", "Zh" /* bits behind the last byte are not zero */};
	uint8_t out[16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(base64url_decode(cases[i], strlen(cases[i]), out), -EBADMSG);
}

static void claims_are_read(void **state)
{
	struct token_claims c;

	/* {"exp":1700000600,"iat":1700000000} */
	assert_int_equal(token_claims("e30.eyJleHAiOjE3MDAwMDA2MDAsImlhdCI6MTcwMDAwMDAwMH0.c2ln", &c), 0);
	assert_true(c.has_exp && c.has_iat);
	assert_int_equal(c.exp, 1700000600);
	assert_int_equal(c.iat, 1700000000);
	/* {"exp":1700000600.75,"iat":"x"} */
	assert_int_equal(token_claims("e30.eyJleHAiOjE3MDAwMDA2MDAuNzUsImlhdCI6IngifQ.", &c), 0);
	assert_true(c.has_exp && !c.has_iat);
	assert_int_equal(c.exp, 1700000600);
}

static void claims_of_no_jwt_are_refused(void **state)
{
	static const char *const cases[] = {"",		 "abc",	    "a.b", "e30.e30.e30.e30", "e30.W10.x" /* [] */,
					    "e30.!!!.x", "e30.e3.x"};
	struct token_claims c;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(token_claims(cases[i], &c), -EBADMSG);
}

static void a_long_life_is_refreshed_five_minutes_early(void **state)
{
	assert_int_equal(token_refresh_after_ns(24 * 60 * MINUTE), 24 * 60 * MINUTE - 5 * MINUTE);
	assert_int_equal(token_refresh_after_ns(50 * MINUTE), 45 * MINUTE);
}

static void a_short_life_is_refreshed_at_nine_tenths(void **state)
{
	assert_int_equal(token_refresh_after_ns(10 * MINUTE), 9 * MINUTE);
	assert_int_equal(token_refresh_after_ns(60 * S), 54 * S);
	assert_int_equal(token_refresh_after_ns(0), 0);
}

/* iat and exp are the server's clock, years off: only their distance counts. */
static void life_is_counted_from_receipt(void **state)
{
	_cleanup_(token_drop) struct token t = {0};
	uint64_t now = 77 * S;

	assert_true(token_is_due(&t, now));
	/* {"exp":1000600,"iat":1000000} */
	assert_int_equal(token_set(&t, "e30.eyJleHAiOjEwMDA2MDAsImlhdCI6MTAwMDAwMH0.eA", 0,
				   &(struct token_time){now, REAL}, NULL),
			 0);
	assert_false(token_is_due(&t, now + 539 * S));
	assert_true(token_is_due(&t, now + 540 * S));
}

static void without_iat_the_local_clock_decides(void **state)
{
	_cleanup_(token_drop) struct token t = {0};

	/* {"exp":1700000600} */
	assert_int_equal(token_set(&t, "e30.eyJleHAiOjE3MDAwMDA2MDB9.eA", 0, &(struct token_time){0, REAL}, NULL), 0);
	assert_false(token_is_due(&t, 539 * S));
	assert_true(token_is_due(&t, 540 * S));
}

static void without_exp_an_hour_is_assumed(void **state)
{
	_cleanup_(token_drop) struct token t = {0};

	assert_int_equal(token_set(&t, "opaque", 0, &(struct token_time){0, REAL}, NULL), 0);
	assert_false(token_is_due(&t, 54 * MINUTE));
	assert_true(token_is_due(&t, 55 * MINUTE));
}

static void the_answer_may_say_when_an_opaque_token_ends(void **state)
{
	_cleanup_(token_drop) struct token t = {0};

	assert_int_equal(token_set(&t, "opaque", 1700000600, &(struct token_time){0, REAL}, NULL), 0);
	assert_false(token_is_due(&t, 539 * S));
	assert_true(token_is_due(&t, 540 * S));
	/* {"exp":1000600,"iat":1000000}: what the token says of itself counts. */
	assert_int_equal(token_set(&t, "e30.eyJleHAiOjEwMDA2MDAsImlhdCI6MTAwMDAwMH0.eA", 1700099999,
				   &(struct token_time){0, REAL}, NULL),
			 0);
	assert_true(token_is_due(&t, 540 * S));
	/* Long over, or in the time of another unit: nothing may overflow. */
	assert_int_equal(token_set(&t, "opaque", 1, &(struct token_time){0, REAL}, NULL), 0);
	assert_true(token_is_due(&t, 0));
	assert_int_equal(token_set(&t, "opaque", INT64_MAX, &(struct token_time){0, REAL}, NULL), 0);
	assert_false(token_is_due(&t, 300 * 24 * 60 * MINUTE));
}

static void what_cannot_be_a_token_is_refused_and_the_old_one_stays(void **state)
{
	_cleanup_(token_drop) struct token t = {0};
	char huge[TOKEN_MAX + 2];
	struct err err;

	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_int_equal(token_set(&t, "good", 0, &(struct token_time){0, REAL}, NULL), 0);
	assert_int_equal(token_set(&t, "", 0, &(struct token_time){0, REAL}, &err), -EBADMSG);
	assert_int_equal(token_set(&t, huge, 0, &(struct token_time){0, REAL}, &err), -EBADMSG);
	assert_null(strstr(err.text, "aaaa"));
	assert_int_equal(token_set(&t, "a\r\nX-Header: b", 0, &(struct token_time){0, REAL}, &err), -EBADMSG);
	assert_string_equal(t.text, "good");
}

static void asking_is_bounded(void **state)
{
	struct token t = {0};
	unsigned asked = 0;

	for (uint64_t now = 1000 * S; now < 1300 * S; now += S / 2)
		asked += token_may_ask(&t, now);
	/* Three at once, then one every 30 of the 300 seconds. */
	assert_int_equal(asked, 3 + 9);
	assert_in_range(token_ask_wait_ns(&t, 1300 * S - 1), 1, 30 * S);
	assert_int_equal(token_ask_wait_ns(&t, 1400 * S), 0);
	assert_true(token_may_ask(&t, 1400 * S));
	/* Who is not there is not asked too much. */
	for (int i = 0; i < 100; i++) {
		assert_true(token_may_ask(&t, 1400 * S));
		token_not_asked(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64url_decodes),
		cmocka_unit_test(base64url_refuses_what_it_is_not),
		cmocka_unit_test(claims_are_read),
		cmocka_unit_test(claims_of_no_jwt_are_refused),
		cmocka_unit_test(a_long_life_is_refreshed_five_minutes_early),
		cmocka_unit_test(a_short_life_is_refreshed_at_nine_tenths),
		cmocka_unit_test(life_is_counted_from_receipt),
		cmocka_unit_test(without_iat_the_local_clock_decides),
		cmocka_unit_test(without_exp_an_hour_is_assumed),
		cmocka_unit_test(the_answer_may_say_when_an_opaque_token_ends),
		cmocka_unit_test(what_cannot_be_a_token_is_refused_and_the_old_one_stays),
		cmocka_unit_test(asking_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
