/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "err.h"

#define CHUNK 4096

int file_open(int dir, const char *path, int flags)
{
	/* O_NONBLOCK: opening a FIFO without a writer would wait for one. */
	_cleanup_close_ int fd = openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	struct stat st;

	/* open() says ENXIO of a socket. */
	if (fd < 0)
		return errno == ENXIO ? -EBADFD : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EBADFD;
}

int file_read(int fd, struct buf *b, size_t max)
{
	size_t end = b->len + max;

	for (;;) {
		char *to = buf_room(b, CHUNK);
		ssize_t n = to ? read(fd, to, CHUNK) : 0;

		if (!to)
			return -ENOMEM;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (b->len + (size_t)n > end) {
			*to = '\0';
			return -EFBIG;
		}
		buf_took(b, to + n);
	}
}

int file_write_all(int fd, const void *data, size_t len)
{
	const char *at = data, *end = at + len;

	while (at < end) {
		ssize_t n = write(fd, at, (size_t)(end - at));

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? n : 0;
	}
	return 0;
}

const char *file_error(int r)
{
	return r == -EBADFD ? "not a regular file" : err_name(r);
}

bool read_first_line(const char *root, const char *path, char *ret, size_t size)
{
	_cleanup_fclose_ FILE *file = NULL;
	char whole[512];

	ret[0] = '\0';
	if ((size_t)snprintf(whole, sizeof(whole), "%s%s", root, path) >= sizeof(whole))
		return false;
	file = fopen(whole, "re");
	if (!file || !fgets(ret, (int)size, file)) {
		ret[0] = '\0';
		return false;
	}
	ret[strcspn(ret, "\n")] = '\0';
	return true;
}
