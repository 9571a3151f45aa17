/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int r, const char *format, ...)
{
	va_list ap;

	if (!err)
		return r;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return r;
}

int err_oom(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

int err_prefix(struct err *err, int r, const char *format, ...)
{
	char prefix[256], rest[sizeof(err->text)];
	va_list ap;

	if (!err)
		return r;
	va_start(ap, format);
	vsnprintf(prefix, sizeof(prefix), format, ap);
	va_end(ap);
	memcpy(rest, err->text, sizeof(rest));
	rest[sizeof(rest) - 1] = '\0';
	snprintf(err->text, sizeof(err->text), "%s: %.*s", prefix, (int)(sizeof(err->text) - sizeof(prefix) - 3), rest);
	return r;
}

const char *err_name(int r)
{
	/* INT_MIN has no positive twin: unsigned, it stays what it is, which no error is called. */
	const char *name = strerrordesc_np((int)(r < 0 ? -(unsigned)r : (unsigned)r));

	return name ? name : "unknown error";
}

const char *err_root_hint(int r)
{
	return r == -EPERM || r == -EACCES ? "; run as root" : "";
}

int err_exit_code(int r)
{
	if (r >= 0)
		return EXIT_DONE;
	if (r == -EINVAL || r == -ENODATA)
		return EXIT_USAGE;
	if (r == -EOPNOTSUPP)
		return EXIT_UNSUPPORTED;
	return EXIT_FAILED;
}
