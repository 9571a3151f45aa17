/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include "buf.h"
#include "cleanup.h"
#include "escape.h"

static enum log_level level_now = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	level_now = level;
}

enum log_level log_get_level(void)
{
	return level_now;
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"error: ", "warning: ", "", "debug: "};
	_cleanup_(buf_free) struct buf shown = {0};
	char line[2048];
	va_list ap;

	if (level > level_now)
		return;
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	escape_lines(&shown, line);
	fprintf(stderr, "teide: %s%s\n", names[level], shown.failed ? "out of memory" : shown.data ?: "");
}
