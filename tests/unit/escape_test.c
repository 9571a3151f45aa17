/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the shell makes of a word is asked of the shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "escape.h"
#include "utf8.h"

#define NAMES 400
#define NAME_MAX_LEN 15 /* of an interface */

static void check_text(const char *given, const char *want)
{
	_cleanup_(buf_free) struct buf out = {0};
	char array[256];

	escape_text(&out, given);
	assert_string_equal(out.data, want);
	assert_string_equal(escape_text_to(array, sizeof(array), given), want);
}

static void texts(void **state)
{
	check_text("eth0", "eth0");
	check_text("a \"b\" \\c", "a \"b\" \\c");
	check_text("x\x1b[31mRED", "x\\x1b[31mRED");
	check_text("a\tb\nc\r", "a\\x09b\\x0ac\\x0d");
	check_text("\x7f", "\\x7f");
	check_text("gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80",
		   "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80");
	check_text("\xc2\x9b"
		   "31m",
		   "\\u{9b}31m"); /* CSI as one C1 character */
	check_text("\x9b"
		   "31m",
		   "\\x9b31m"); /* as one byte */
	check_text("a\xe2\x80\xae"
		   "b",
		   "a\\u{202e}b"); /* right-to-left override */
	check_text("a\xe2\x80\x8b"
		   "b\xef\xbb\xbf",
		   "a\\u{200b}b\\u{feff}"); /* zero width */
	check_text("\xe2\x81\xa6\xf3\xa0\x80\x81", "\\u{2066}\\u{e0001}");
	check_text("\xc0\xaf\xed\xa0\x80", "\\xc0\\xaf\\xed\\xa0\\x80"); /* overlong, surrogate */
	check_text("\xe2\x82", "\\xe2\\x82");				 /* cut */
}

static void cut_at_a_whole_character(void **state)
{
	char array[8];

	assert_string_equal(escape_text_to(array, 5, "abcdefg"), "abcd");
	assert_string_equal(escape_text_to(array, 4, "a\xe2\x82\xac"), "a");
	assert_string_equal(escape_text_to(array, 5, "a\xe2\x82\xac"), "a\xe2\x82\xac");
	assert_string_equal(escape_text_to(array, 5, "a\x1b"), "a");
	assert_string_equal(escape_text_to(array, 1, "a"), "");
}

static void lines(void **state)
{
	_cleanup_(buf_free) struct buf out = {0};

	escape_lines(&out, "one\x1b\nteide: error: two\n");
	assert_string_equal(out.data, "one\\x1b\n    teide: error: two");
}

static bool is_valid(const char *s)
{
	for (size_t len; *s; s += len) {
		len = utf8_len((const unsigned char *)s, strlen(s));
		if (!len || (len == 1 && (*s < 0x20 || *s == 0x7f)))
			return false;
	}
	return true;
}

static void random_name(char name[static NAME_MAX_LEN + 1])
{
	static const char likely[] = "ab;'\"\\$`(){}<>|&*?~#! \t\n\x1b\xe2\x80\xae\xc3\xbc-=%0";
	size_t len = 1 + (size_t)(random() % NAME_MAX_LEN);

	for (size_t i = 0; i < len; i++)
		name[i] = random() % 4 ? likely[(size_t)random() % (sizeof(likely) - 1)] : (char)(1 + random() % 255);
	if (name[len - 1] == '\n')
		name[len - 1] = 'n';
	name[len] = '\0';
}

static void escaped_twice_is_escaped_once(void **state)
{
	char name[NAME_MAX_LEN + 1], once[ESCAPED_MAX(NAME_MAX_LEN)], twice[ESCAPED_MAX(NAME_MAX_LEN)];

	for (int i = 0; i < NAMES * 10; i++) {
		random_name(name);
		escape_text_to(once, sizeof(once), name);
		assert_true(is_valid(once));
		assert_string_equal(escape_text_to(twice, sizeof(twice), once), once);
	}
}

static void check_word(const char *given, const char *want)
{
	char word[WORD_MAX(64)];

	assert_string_equal(escape_word_to(word, sizeof(word), given), want);
}

static void words(void **state)
{
	char small[4];

	check_word("eth0.100@x", "eth0.100@x");
	check_word("", "''");
	check_word("x;reboot", "'x;reboot'");
	check_word("~", "'~'");
	check_word("$(id)", "'$(id)'");
	check_word("gr\xc3\xbc\xc3\x9f", "'gr\xc3\xbc\xc3\x9f'");
	check_word("it's", "\"$(printf '%b' 'it\\0047s')\"");
	check_word("\x1b[0m", "\"$(printf '%b' '\\0033\\01330m')\"");
	assert_string_equal(escape_word_to(small, sizeof(small), "a b"), "");
}

static void the_shell_takes_a_word_as_the_name(void **state)
{
	_cleanup_(buf_free) struct buf script = {0};
	char names[NAMES][NAME_MAX_LEN + 1], got[NAME_MAX_LEN + 1];
	char path[] = "/tmp/escape_test.XXXXXX", command[64];
	int fd = mkstemp(path);
	FILE *sh;

	assert_true(fd >= 0);
	buf_str(&script, "printf '%s\\000'");
	for (int i = 0; i < NAMES; i++) {
		random_name(names[i]);
		buf_char(&script, ' ');
		escape_word(&script, names[i]);
	}
	assert_true(is_valid(script.data));
	assert_int_equal(write(fd, script.data, script.len), script.len);
	close(fd);
	snprintf(command, sizeof(command), "LC_ALL=C sh %s", path);
	sh = popen(command, "r");
	assert_non_null(sh);
	for (int i = 0; i < NAMES; i++) {
		size_t want = strlen(names[i]) + 1;

		assert_int_equal(fread(got, 1, want, sh), want);
		assert_memory_equal(got, names[i], want);
	}
	pclose(sh);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts), cmocka_unit_test(cut_at_a_whole_character),
		cmocka_unit_test(lines), cmocka_unit_test(escaped_twice_is_escaped_once),
		cmocka_unit_test(words), cmocka_unit_test(the_shell_takes_a_word_as_the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
