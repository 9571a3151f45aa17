/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A growing byte buffer, always NUL-terminated behind len. Allocation failure is remembered in
 * failed and makes every later write a no-op: check once, at the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buf {
	char *data; /* owned; NULL while empty */
	size_t len;
	size_t cap;
	bool failed;
};

void buf_free(struct buf *b); /* usable with _cleanup_(buf_free) */
void buf_reset(struct buf *b);
void buf_grow(struct buf *b, size_t more); /* room for more and NUL, or failed */

static inline void buf_add(struct buf *b, const void *data, size_t len)
{
	if (b->len + len >= b->cap)
		buf_grow(b, len);
	if (b->failed)
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

/* Where at least more bytes can be written, for a caller that says by buf_took() how many were; NULL when failed. */
static inline char *buf_room(struct buf *b, size_t more)
{
	if (b->len + more >= b->cap)
		buf_grow(b, more);
	return b->failed ? NULL : b->data + b->len;
}

static inline void buf_took(struct buf *b, const char *end)
{
	b->len = (size_t)(end - b->data);
	b->data[b->len] = '\0';
}

static inline void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads a whole regular file of at most max bytes. -EFBIG when it is larger; -EBADFD when it is a FIFO,
 * a device, a socket or a folder, see file.h. */
int buf_read_file(struct buf *b, const char *path, size_t max);
