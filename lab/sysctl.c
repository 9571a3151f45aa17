/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

static int set(const char *value, struct err *err, const char *format, va_list ap)
{
	char path[256] = "/proc/sys/net/";
	size_t len = strlen(path);
	_cleanup_close_ int fd = -1;

	vsnprintf(path + len, sizeof(path) - len, format, ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return err_set(err, -errno, "setting %s to %s: %s", path, value, strerror(errno));
	return 0;
}

int lab_sysctl(const char *value, struct err *err, const char *path, ...)
{
	va_list ap;
	int r;

	va_start(ap, path);
	r = set(value, err, path, ap);
	va_end(ap);
	return r;
}

int lab_sysctl_optional(const char *value, struct err *err, const char *path, ...)
{
	va_list ap;
	int r;

	va_start(ap, path);
	r = set(value, err, path, ap);
	va_end(ap);
	return r == -ENOENT ? 0 : r;
}
