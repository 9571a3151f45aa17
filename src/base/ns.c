/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define GET_NETNS_COOKIE 71 /* SO_NETNS_COOKIE, Linux 5.14 */

static int spec_to_path(const char *spec, char *path, size_t size)
{
	int n;

	if (!strncmp(spec, "pid:", 4))
		n = snprintf(path, size, "/proc/%s/ns/net", spec + 4);
	else if (strchr(spec, '/'))
		n = snprintf(path, size, "%s", spec);
	else
		n = snprintf(path, size, NS_RUN_DIR "/%s", spec);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int ns_open(const char *spec, struct err *err)
{
	char path[4096];
	int fd;

	if (spec_to_path(spec, path, sizeof(path)) < 0)
		return err_set(err, -ENAMETOOLONG, "network namespace name is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno,
			       "network namespace '%s' (%s): %s; a namespace is named as in "
			       NS_RUN_DIR ", by its path, or as pid:N",
			       spec, path, strerror(errno));
	return fd;
}

uint64_t ns_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

uint64_t ns_inode_self(void)
{
	struct stat st;

	return stat("/proc/thread-self/ns/net", &st) < 0 ? 0 : st.st_ino;
}

uint64_t ns_cookie_self(void)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, GET_NETNS_COOKIE, &cookie, &len) < 0)
		return 0;
	return cookie;
}

int ns_enter(int fd, int *ret_previous, struct err *err)
{
	_cleanup_close_ int previous = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (previous < 0)
		return err_set(err, -errno, "/proc/thread-self/ns/net: %s", strerror(errno));
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_set(err, -errno,
			       "cannot enter the network namespace: %s; it takes CAP_SYS_ADMIN",
			       strerror(errno));
	*ret_previous = TAKE_FD(previous);
	return 0;
}

void ns_leave(int previous)
{
	if (setns(previous, CLONE_NEWNET) < 0)
		abort();
	close(previous);
}
