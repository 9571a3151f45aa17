/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading files that another program may have put there: opening one never waits, and reading one ends
 * at a limit. Writing whole ones. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* Opens a regular file to read. dir: a folder's descriptor or AT_FDCWD; flags: 0 or O_NOFOLLOW. Returns
 * the descriptor, which the caller closes, or -errno: -EBADFD when the file is a FIFO, a device, a
 * socket or a folder. */
int file_open(int dir, const char *path, int flags);

/* Appends the rest of the file; -EFBIG when that is more than max bytes. */
int file_read(int fd, struct buf *b, size_t max);

/* Writes all bytes, however often that is interrupted. 0 or -errno, after which a part may be written. */
int file_write_all(int fd, const void *data, size_t len);

/* err_name(), and words for what the functions above refuse. */
const char *file_error(int r);

/* The first line of the file root + path without its newline; "" and false when it cannot be read. */
bool read_first_line(const char *root, const char *path, char *ret, size_t size);
