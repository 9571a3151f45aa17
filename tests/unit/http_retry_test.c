/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cleanup.h"
#include "client.h"
#include "retry.h"

static const struct retry_policy policy = {
	.base_ns = 1000, .cap_ns = 30000, .floor_ns = 200, .retry_after_cap_ns = 300000};

static struct retry_decision decide(unsigned attempt, int status, uint64_t random)
{
	struct retry_outcome o = {.attempt = attempt, .status = status, .reauthenticated = true};

	return retry_decide(&policy, &o, random);
}

static void waits_grow_up_to_the_cap(void **state)
{
	static const uint64_t tops[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};

	for (unsigned i = 0; i < ARRAY_SIZE(tops); i++) {
		/* The jitter's range is [200, top]: its ends, and one past them. */
		assert_int_equal(decide(i, 503, 0).wait_ns, 200);
		assert_int_equal(decide(i, 503, tops[i] - 200).wait_ns, tops[i]);
		assert_int_equal(decide(i, 503, tops[i] - 200 + 1).wait_ns, 200);
	}
	assert_in_range(decide(4000000000U, 0, UINT64_MAX).wait_ns, 200, 30000);
}

static void what_may_pass_is_waited_for(void **state)
{
	static const int statuses[] = {0, 200, 401, 408, 425, 429, 500, 502, 503, 504};

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		assert_int_equal(decide(0, statuses[i], 5).action, RETRY_WAIT);
}

static void what_cannot_succeed_is_given_up_and_the_server_left_in_peace(void **state)
{
	static const int statuses[] = {301, 400, 403, 404, 405, 413, 422};

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		assert_int_equal(decide(0, statuses[i], 7).action, RETRY_GIVE_UP);
		assert_in_range(decide(0, statuses[i], 7).wait_ns, 15000, 30000);
	}
}

static void an_old_token_is_replaced_once(void **state)
{
	struct retry_outcome o = {.status = 401};

	assert_int_equal(retry_decide(&policy, &o, 0).action, RETRY_REAUTH);
	o.reauthenticated = true;
	assert_int_equal(retry_decide(&policy, &o, 0).action, RETRY_WAIT);
}

static void retry_after_is_honoured_within_reason(void **state)
{
	struct retry_outcome o = {.status = 503, .retry_after_ns = 60000};

	assert_int_equal(retry_decide(&policy, &o, 99).wait_ns, 60000);
	o.retry_after_ns = UINT64_MAX;
	assert_int_equal(retry_decide(&policy, &o, 99).wait_ns, 300000);
	o.retry_after_ns = 1;
	assert_int_equal(retry_decide(&policy, &o, 0).wait_ns, 200);
}

static void urls_are_shown_without_credentials(void **state)
{
	char text[HTTP_URL_TEXT_MAX];

	assert_string_equal(http_url_text("http://u:p@h:80/a/b?token=x#y", text), "http://h:80/a/b");
	assert_string_equal(http_url_text("https://u:p@q@h", text), "https://h");
	assert_string_equal(http_url_text("http://h/a@b", text), "http://h/a@b");
	assert_string_equal(http_url_text("nonsense", text), "nonsense");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_grow_up_to_the_cap),
		cmocka_unit_test(what_may_pass_is_waited_for),
		cmocka_unit_test(what_cannot_succeed_is_given_up_and_the_server_left_in_peace),
		cmocka_unit_test(an_old_token_is_replaced_once),
		cmocka_unit_test(retry_after_is_honoured_within_reason),
		cmocka_unit_test(urls_are_shown_without_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
