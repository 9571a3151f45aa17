/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "proc_mount.h"

int procfs_path(char *ret, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(ret, size, format, args);
	va_end(args);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : proc_mount_apply(ret, size);
}

int procfs_error(int error)
{
	return error == ENOENT || error == ESRCH ? -ESRCH : -error;
}

int procfs_read(const char *path, char *ret, size_t size, size_t *ret_len)
{
	_cleanup_close_ int fd = file_open(AT_FDCWD, path, 0);
	size_t len = 0;

	if (fd < 0)
		return procfs_error(-fd);
	while (len < size - 1) {
		ssize_t n = read(fd, ret + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return procfs_error(errno);
		if (!n)
			break;
		len += (size_t)n;
	}
	ret[len] = '\0';
	*ret_len = len;
	return 0;
}

int procfs_readlink(const char *path, char *ret, size_t size)
{
	ssize_t n = readlink(path, ret, size);

	if (n < 0)
		return procfs_error(errno);
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	ret[n] = '\0';
	return 0;
}

bool procfs_number(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > max / 10)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	if (!value || value > max)
		return false;
	*ret = value;
	return true;
}

uint64_t procfs_inode(const char *text, const char *prefix)
{
	size_t n = strlen(prefix), len = strlen(text);
	char digits[24];
	uint64_t inode;

	if (len < n + 4 || strncmp(text, prefix, n) || strncmp(text + n, ":[", 2) || text[len - 1] != ']' ||
	    len - n - 3 >= sizeof(digits))
		return 0;
	memcpy(digits, text + n + 2, len - n - 3);
	digits[len - n - 3] = '\0';
	return procfs_number(digits, UINT64_MAX, &inode) ? inode : 0;
}
