/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as the text of a tracer: split into lines, each line read by itself. */
#include <fcntl.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "trace_pipe/trace_line.h"
#include "trace_pipe/trace_source.h"

static char *const patterns[] = {"fentry/gtp5g_*", "*pid=*", NULL};
static const struct trace_messages messages = {(char *const *)patterns, 2};

static void check_line(void *data, const char *text)
{
	char *copy = fuzz_text((const uint8_t *)text, strlen(text));
	struct trace_line line;
	enum trace_verdict verdict = trace_line_parse(copy, &messages, &line);

	CHECK(verdict < TRACE_VERDICTS && line.n <= 2 && (verdict == TRACE_TASK) == (line.n > 0));
	for (size_t i = 0; i < line.n; i++) {
		CHECK_TEXT(line.tasks[i].comm);
		CHECK(line.tasks[i].tid >= 0 && line.tasks[i].tgid >= 0);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trace_source source = {.fd = -1};

	if (source.fd < 0)
		source.fd = memfd_create("trace", MFD_CLOEXEC);
	CHECK(pwrite(source.fd, data, size, 0) == (ssize_t)size && ftruncate(source.fd, (off_t)size) == 0);
	lseek(source.fd, 0, SEEK_SET);
	source.too_long = 0;
	CHECK(trace_source_read(&source, SIZE_MAX, check_line, NULL) == 0);
	trace_source_flush(&source, check_line, NULL);
	CHECK(source.len == 0 && !source.skipping && source.too_long <= size / TRACE_LINE_MAX + 1);
	return 0;
}
