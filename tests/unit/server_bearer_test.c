/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "bearer.h"
#include "cleanup.h"
#include "keys.h"

#define NOW 1700000000

struct fixture {
	char dir[64];
	struct keys keys;
};

static void path_in(const struct fixture *f, const char *name, char path[static 128])
{
	snprintf(path, 128, "%s/%s", f->dir, name);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err;

	snprintf(f->dir, sizeof(f->dir), "/tmp/teide-bearer-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(keys_load(&f->keys, f->dir, &err), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char path[128];

	path_in(f, "private_key.pem", path);
	unlink(path);
	path_in(f, "public_key.pem", path);
	unlink(path);
	assert_int_equal(rmdir(f->dir), 0); /* no temporary file is left */
	keys_free(&f->keys);
	free(f);
	return 0;
}

static void the_pair_is_made_once_with_tight_modes(void **state)
{
	struct fixture *f = *state;
	_cleanup_(keys_free) struct keys again = {0};
	struct stat st;
	char path[128];

	path_in(f, "private_key.pem", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(f->keys.public_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(keys_load(&again, f->dir, NULL), 0);
	assert_string_equal(again.public_pem.data, f->keys.public_pem.data);
}

static void a_lost_public_key_is_written_again(void **state)
{
	struct fixture *f = *state;
	_cleanup_(keys_free) struct keys again = {0};
	_cleanup_(buf_free) struct buf file = {0};

	assert_int_equal(unlink(f->keys.public_path), 0);
	assert_int_equal(keys_load(&again, f->dir, NULL), 0);
	assert_int_equal(buf_read_file(&file, f->keys.public_path, 10000), 0);
	assert_string_equal(file.data, f->keys.public_pem.data);
}

static void a_spoilt_private_key_is_named_and_kept(void **state)
{
	struct fixture *f = *state;
	_cleanup_(keys_free) struct keys again = {0};
	_cleanup_(buf_free) struct buf file = {0};
	_cleanup_fclose_ FILE *out = NULL;
	struct err err;
	char path[128];

	path_in(f, "private_key.pem", path);
	out = fopen(path, "we");
	fputs("nonsense", out);
	fflush(out);
	assert_int_equal(keys_load(&again, f->dir, &err), -EBADMSG);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(buf_read_file(&file, path, 10000), 0);
	assert_string_equal(file.data, "nonsense");
}

static void our_own_key_matches_in_any_layout(void **state)
{
	struct fixture *f = *state;
	_cleanup_(buf_free) struct buf text = {0};

	assert_int_equal(keys_match(&f->keys, f->keys.public_pem.data, NULL), 0);
	buf_str(&text, "some text before\r\n\r\n");
	for (const char *c = f->keys.public_pem.data; *c; c++)
		buf_str(&text, *c == '\n' ? "\r\n\r\n" : (char[]){*c, '\0'});
	assert_int_equal(keys_match(&f->keys, text.data, NULL), 0);
}

static void what_is_no_key_is_refused_with_a_reason(void **state)
{
	static const char *const cases[][2] = {
		{"", "failed to decode PEM block"},
		{"garbage", "failed to decode PEM block"},
		{"-----BEGIN PUBLIC KEY-----\n", "failed to parse"},
		{"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "failed to parse"},
		{"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "failed to parse"},
		{"-----BEGIN PUBLIC KEY-----\n====\n-----END PUBLIC KEY-----\n", "failed to parse"},
		{"-----BEGIN PUBLIC KEY-----\n*\n-----END PUBLIC KEY-----\n", "failed to parse"},
		{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "failed to parse"},
		{"-----BEGIN PUBLIC KEY-----END PUBLIC KEY-----", "failed to parse"},
	};
	struct fixture *f = *state;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(keys_match(&f->keys, cases[i][0], &err), -EACCES);
		assert_non_null(strstr(err.text, cases[i][1]));
	}
}

static int verify(struct fixture *f, const char *token, uint64_t now, const char *reason)
{
	struct err err = {0};
	int r = bearer_verify(&f->keys, token, now, &err);

	if (reason)
		assert_non_null(strstr(err.text, reason));
	return r;
}

static void a_token_lives_its_life_to_the_second(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *token = NULL;

	assert_int_equal(bearer_issue(&f->keys, NOW, 100, &token, NULL), 0);
	assert_int_equal(verify(f, token, NOW, NULL), 0);
	assert_int_equal(verify(f, token, NOW + 99, NULL), 0);
	assert_int_equal(verify(f, token, NOW + 100, "token is expired"), -EACCES);
	assert_int_equal(verify(f, token, NOW - 1, "not valid yet"), -EACCES);
}

static void any_changed_byte_spoils_a_token(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *token = NULL;
	size_t last;

	assert_int_equal(bearer_issue(&f->keys, NOW, 100, &token, NULL), 0);
	/* The last digit of the signature holds bits of no byte: leave it out. */
	last = strlen(token) - 1;
	for (size_t i = 0; i < last; i++) {
		char kept = token[i];

		token[i] = kept == 'A' ? 'B' : 'A';
		assert_int_equal(verify(f, token, NOW, NULL), -EACCES);
		token[i] = kept;
	}
	assert_int_equal(verify(f, token, NOW, NULL), 0);
}

static void no_token_is_refused(void **state)
{
	static const char *const cases[] = {"", ".", "..", "a", "a.b", "a.b.c", "e30.e30.", "e30.e30.e30"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(verify(f, cases[i], NOW, "malformed"), -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_pair_is_made_once_with_tight_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lost_public_key_is_written_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_spoilt_private_key_is_named_and_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(our_own_key_matches_in_any_layout, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_key_is_refused_with_a_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(a_token_lives_its_life_to_the_second, setup, teardown),
		cmocka_unit_test_setup_teardown(any_changed_byte_spoils_a_token, setup, teardown),
		cmocka_unit_test_setup_teardown(no_token_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
