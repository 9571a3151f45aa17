/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "buf.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

static bool reserve(struct buf *b, size_t more)
{
	size_t want = b->len + more + 1, cap = b->cap ? b->cap : 256;
	char *data;

	if (b->failed)
		return false;
	if (want <= b->cap)
		return true;
	while (cap < want)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	b->data[b->len] = '\0';
	return true;
}

void buf_grow(struct buf *b, size_t more)
{
	reserve(b, more);
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (len < 0 || !reserve(b, (size_t)len))
		return;
	va_start(ap, format);
	vsnprintf(b->data + b->len, (size_t)len + 1, format, ap);
	va_end(ap);
	b->len += (size_t)len;
}

int buf_read_file(struct buf *b, const char *path, size_t max)
{
	_cleanup_close_ int fd = file_open(AT_FDCWD, path, 0);

	return fd < 0 ? fd : file_read(fd, b, max);
}
