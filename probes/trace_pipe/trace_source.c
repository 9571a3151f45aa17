/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "trace_source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define CHUNK 16384

static const char *const kernel_paths[] = {"/sys/kernel/tracing/trace_pipe", "/sys/kernel/debug/tracing/trace_pipe"};

static int open_at(int folder, const char *path)
{
	int fd = openat(folder, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

/* A private mount that no other process sees and that ends with the descriptor. The C library has these calls from
 * 2.36 on. */
static int open_unmounted(void)
{
	_cleanup_close_ int fs = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	_cleanup_close_ int mount = -1;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return mount < 0 ? -errno : open_at(mount, TRACE_KERNEL);
}

static int kernel_error(int r, const char *path, struct err *err)
{
	if (r == -EBUSY)
		return err_set(err, r,
			       "%s: another program reads it, and it has room for one; end "
			       "that program, such as a 'cat' in another terminal",
			       path);
	if (r == -EACCES || r == -EPERM)
		return err_set(err, r, "%s: not permitted: it takes root", path);
	return err_set(err, r, "%s: %s", path, err_name(r));
}

static int open_kernel(struct trace_source *s, struct err *err)
{
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(kernel_paths); i++) {
		fd = open_at(AT_FDCWD, kernel_paths[i]);
		snprintf(s->path, sizeof(s->path), "%s", kernel_paths[i]);
		if (fd != -ENOENT)
			return fd < 0 ? kernel_error(fd, s->path, err) : fd;
	}
	fd = open_unmounted();
	snprintf(s->path, sizeof(s->path), "trace_pipe of a tracefs that is mounted nowhere");
	if (fd >= 0 || fd == -EBUSY)
		return fd < 0 ? kernel_error(fd, s->path, err) : fd;
	return err_set(err, fd,
		       "tracefs is not mounted: mount -t tracefs nodev /sys/kernel/tracing (as "
		       "it was tried here: %s)",
		       err_name(fd));
}

static int open_file(struct trace_source *s, const char *path, struct err *err)
{
	int fd = open_at(AT_FDCWD, path);

	snprintf(s->path, sizeof(s->path), "%s", path);
	return fd < 0 ? err_set(err, fd, "%s: %s", path, err_name(fd)) : fd;
}

int trace_source_open(struct trace_source *s, const char *input, struct err *err)
{
	int fd;

	s->len = 0;
	s->skipping = false;
	if (!strcmp(input, TRACE_KERNEL)) {
		fd = open_kernel(s, err);
	} else if (!strcmp(input, TRACE_STDIN)) {
		snprintf(s->path, sizeof(s->path), "standard input");
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return err_set(err, -errno, "standard input: %s", err_name(errno));
	} else {
		fd = open_file(s, input, err);
	}
	if (fd < 0)
		return fd;
	s->fd = fd;
	return 0;
}

void trace_source_close(struct trace_source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* NUL in a line would hide what is behind it: such a line is cut there. */
static void end_line(struct trace_source *s, trace_line_fn fn, void *data)
{
	s->line[s->len] = '\0';
	if (s->skipping)
		s->too_long++;
	else
		fn(data, s->line);
	s->len = 0;
	s->skipping = false;
}

static void take(struct trace_source *s, const char *text, size_t len)
{
	if (len >= sizeof(s->line) - s->len)
		s->skipping = true;
	if (s->skipping)
		return;
	memcpy(s->line + s->len, text, len);
	s->len += len;
}

static void split(struct trace_source *s, const char *text, size_t len, trace_line_fn fn, void *data)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		take(s, text, n);
		if (end)
			end_line(s, fn, data);
		n += end != NULL;
		text += n;
		len -= n;
	}
}

/* Other processes share standard input: it stays blocking, and poll() is asked before each read. */
static bool is_ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* The poll of a trace_pipe waits for a buffer half full, and reading it does not wait anyway. */
static bool may_read(int fd)
{
	return fcntl(fd, F_GETFL) & O_NONBLOCK || is_ready(fd);
}

int trace_source_read(struct trace_source *s, size_t max, trace_line_fn fn, void *data)
{
	char chunk[CHUNK];
	ssize_t n;

	while (s->fd >= 0 && max && may_read(s->fd)) {
		n = read(s->fd, chunk, MIN(sizeof(chunk), max));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (!n)
			return 0;
		split(s, chunk, (size_t)n, fn, data);
		max -= (size_t)n;
	}
	return 0;
}

void trace_source_flush(struct trace_source *s, trace_line_fn fn, void *data)
{
	if (s->len || s->skipping)
		end_line(s, fn, data);
}
