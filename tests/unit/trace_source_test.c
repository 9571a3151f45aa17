/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines out of files and pipes, however they come in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "cleanup.h"
#include "trace_pipe/trace_source.h"

struct bench {
	char path[64];
	int fd; /* that writes it */
	struct trace_source source;
	struct buf lines; /* each with '|' behind it */
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	snprintf(b->path, sizeof(b->path), "/tmp/teide-lines-XXXXXX");
	b->fd = mkstemp(b->path);
	*state = b;
	return b->fd < 0 || trace_source_open(&b->source, b->path, NULL) < 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	trace_source_close(&b->source);
	close(b->fd);
	unlink(b->path);
	buf_free(&b->lines);
	free(b);
	return 0;
}

static void on_line(void *data, const char *line)
{
	struct bench *b = data;

	buf_printf(&b->lines, "%s|", line);
}

static void write_text(struct bench *b, const char *text)
{
	assert_int_equal(write(b->fd, text, strlen(text)), strlen(text));
}

static void expect(struct bench *b, size_t max, const char *lines)
{
	assert_int_equal(trace_source_read(&b->source, max, on_line, b), 0);
	assert_string_equal(b->lines.data ?: "", lines);
}

static void a_file_that_grows(void **state)
{
	struct bench *b = *state;

	expect(b, 1000, "");
	write_text(b, "one\ntw");
	expect(b, 1000, "one|");
	write_text(b, "o\n\nthree");
	expect(b, 1000, "one|two||");
	trace_source_flush(&b->source, on_line, b);
	trace_source_flush(&b->source, on_line, b);
	assert_string_equal(b->lines.data, "one|two||three|");
}

static void no_more_than_asked_for(void **state)
{
	struct bench *b = *state;

	write_text(b, "one\ntwo\nthree\n");
	expect(b, 5, "one|");
	expect(b, 3, "one|two|");
	expect(b, 1000, "one|two|three|");
}

static void a_line_too_long(void **state)
{
	struct bench *b = *state;
	char line[3 * TRACE_LINE_MAX];

	memset(line, 'x', sizeof(line));
	line[TRACE_LINE_MAX - 1] = '\0';
	write_text(b, line);
	write_text(b, "\n");
	assert_int_equal(trace_source_read(&b->source, 1 << 20, on_line, b), 0);
	assert_int_equal(b->lines.len, TRACE_LINE_MAX);
	buf_reset(&b->lines);
	line[TRACE_LINE_MAX - 1] = 'x';
	line[sizeof(line) - 1] = '\0';
	write_text(b, line);
	write_text(b, "\nnext\n");
	expect(b, 1 << 20, "next|");
	assert_int_equal(b->source.too_long, 1);
}

static void a_fifo_without_a_writer(void **state)
{
	struct bench *b = *state;

	trace_source_close(&b->source);
	unlink(b->path);
	assert_int_equal(mkfifo(b->path, 0600), 0);
	assert_int_equal(trace_source_open(&b->source, b->path, NULL), 0);
	expect(b, 1000, "");
	close(b->fd);
	b->fd = open(b->path, O_WRONLY | O_CLOEXEC);
	expect(b, 1000, "");
	write_text(b, "one\n");
	expect(b, 1000, "one|");
}

static void standard_input(void **state)
{
	struct bench *b = *state;
	int fds[2], before = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	trace_source_close(&b->source);
	assert_int_equal(trace_source_open(&b->source, TRACE_STDIN, NULL), 0);
	expect(b, 1000, "");
	assert_int_equal(write(fds[1], "one\n", 4), 4);
	expect(b, 1000, "one|");
	assert_false(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK);
	close(fds[0]);
	close(fds[1]);
	expect(b, 1000, "one|");
	if (before >= 0) {
		dup2(before, STDIN_FILENO);
		close(before);
	}
}

static void a_file_that_is_not_there(void **state)
{
	struct trace_source s = {.fd = -1};
	struct err err = {""};

	assert_int_equal(trace_source_open(&s, "/nonexistent/trace", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/trace"));
	assert_int_equal(trace_source_read(&s, 1000, on_line, NULL), 0);
}

int main(void)
{
#define SOURCE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		SOURCE_TEST(a_file_that_grows), SOURCE_TEST(no_more_than_asked_for),
		SOURCE_TEST(a_line_too_long),	SOURCE_TEST(a_fifo_without_a_writer),
		SOURCE_TEST(standard_input),	cmocka_unit_test(a_file_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
