/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loaded before the C library (LD_PRELOAD): functions of it that fail where a test wants it.
 *
 *	FAULT_EPOLL	a file: while it is there, epoll_wait() removes it and fails with EBADF
 *	FAULT_STRDUP	a text: strdup() of it has no memory
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	int (*next)(int fd, struct epoll_event *events, int max, int timeout) = dlsym(RTLD_NEXT, "epoll_wait");
	const char *path = getenv("FAULT_EPOLL");

	if (path && unlink(path) == 0) {
		errno = EBADF;
		return -1;
	}
	return next(fd, events, max, timeout);
}

char *strdup(const char *text)
{
	const char *wanted = getenv("FAULT_STRDUP");
	char *copy;

	if (wanted && !strcmp(text, wanted)) {
		errno = ENOMEM;
		return NULL;
	}
	copy = malloc(strlen(text) + 1);
	return copy ? strcpy(copy, text) : NULL;
}
