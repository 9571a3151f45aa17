/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "proc_mount.h"
#include "thread.h"

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
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : proc_mount_apply(path, size);
}

/* O_NONBLOCK: a FIFO of that name would wait for a writer. */
static int open_netns(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	/* /run/netns may hold plain files, as a failed mount leaves them, and other namespaces */
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return -EINVAL;
	return TAKE_FD(fd);
}

int ns_open(const char *spec, struct err *err)
{
	char path[4096];
	int fd;

	if (spec_to_path(spec, path, sizeof(path)) < 0)
		return err_set(err, -ENAMETOOLONG, "network namespace name is too long");
	fd = open_netns(path);
	if (fd == -EINVAL)
		return err_set(err, fd, "network namespace '%s' (%s): it is not a network namespace", spec, path);
	if (fd < 0)
		return err_set(err, fd, "network namespace '%s' (%s): %s%s", spec, path, err_name(fd),
			       fd == -ENOENT ? "; a namespace is named as in " NS_RUN_DIR ", by its path, or as pid:N"
					     : "");
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

int ns_cookie_self(uint64_t *ret)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0 || (getsockopt(fd, SOL_SOCKET, GET_NETNS_COOKIE, &cookie, &len) < 0 && errno != ENOPROTOOPT))
		return -errno;
	*ret = cookie;
	return 0;
}

int ns_join(int fd, struct err *err)
{
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_set(err, -errno, "cannot enter the network namespace: %s%s", err_name(errno),
			       errno == EPERM ? "; it takes CAP_SYS_ADMIN" : "");
	return 0;
}

struct helper_call {
	ns_fn fn;
	void *data;
	struct err *err;
	int result;
};

static void *run_helper_call(void *data)
{
	struct helper_call *c = data;

	c->result = c->fn(c->data, c->err);
	return NULL;
}

int ns_call_in_helper(ns_fn fn, void *data, struct err *err)
{
	struct helper_call c = {.fn = fn, .data = data, .err = err};
	pthread_t thread;
	int r = thread_start(&thread, run_helper_call, &c);

	if (r < 0)
		return err_set(err, r, "cannot start a thread for a network namespace: %s", err_name(r));
	pthread_join(thread, NULL);
	return c.result;
}

struct visit {
	int fd;
	ns_fn fn;
	void *data;
};

static int join_and_call(void *data, struct err *err)
{
	const struct visit *v = data;
	int r = ns_join(v->fd, err);

	return r < 0 ? r : v->fn(v->data, err);
}

int ns_call(int fd, ns_fn fn, void *data, struct err *err)
{
	return ns_call_in_helper(join_and_call, &(struct visit){.fd = fd, .fn = fn, .data = data}, err);
}
