/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lines of text from the kernel's trace_pipe, a file, or standard input, without ever waiting for one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define TRACE_LINE_MAX 2048 /* with NUL; the kernel's own have at most 1 KiB */
#define TRACE_PATH_MAX 4096
#define TRACE_KERNEL "trace_pipe"
#define TRACE_STDIN "-"

struct trace_source {
	int fd;			   /* -1: not open */
	char path[TRACE_PATH_MAX]; /* what is read */
	char line[TRACE_LINE_MAX];
	size_t len;
	bool skipping; /* the rest of a line that is too long */
	uint64_t too_long;
};

/* input: TRACE_KERNEL, TRACE_STDIN or a path. Where no tracefs is mounted, one is opened for this alone.
 * 0; -EBUSY: another reads the trace_pipe; -ENOENT, -EACCES, ... with what to do in err. */
int trace_source_open(struct trace_source *s, const char *input, struct err *err);
void trace_source_close(struct trace_source *s); /* idempotent */

typedef void (*trace_line_fn)(void *data, const char *line);

/* Hands on the lines that are there, of at most max bytes. 0 or -errno. */
int trace_source_read(struct trace_source *s, size_t max, trace_line_fn fn, void *data);

/* Hands on a last line that no newline has ended. */
void trace_source_flush(struct trace_source *s, trace_line_fn fn, void *data);
