/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "netns_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "ns.h"

#define PATH_SIZE 128

static void to_path(const char *name, char path[static PATH_SIZE])
{
	snprintf(path, PATH_SIZE, NS_RUN_DIR "/%s", name);
}

static int touch(const char *path, int flags, mode_t mode, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | flags, mode);

	if (fd < 0)
		return err_set(err, -errno, "cannot make %s: %s", path, strerror(errno));
	close(fd);
	return 0;
}

int lab_netns_exists(const char *name, struct err *err)
{
	char path[PATH_SIZE];
	struct stat st;

	to_path(name, path);
	if (!lstat(path, &st))
		return true;
	return errno == ENOENT ? false : err_set(err, -errno, "%s: %s", path, strerror(errno));
}

int lab_netns_dir_make(const char *marker, struct err *err)
{
	int r;

	if (mkdir(NS_RUN_DIR, 0755) < 0 && errno != EEXIST)
		return err_set(err, -errno, "cannot make " NS_RUN_DIR ": %s", strerror(errno));
	/* EINVAL: no mount of its own yet. */
	if (!mount("", NS_RUN_DIR, "none", MS_SHARED | MS_REC, NULL))
		return 0;
	if (errno != EINVAL)
		return err_set(err, -errno, "cannot share " NS_RUN_DIR ": %s", strerror(errno));
	r = touch(marker, 0, 0600, err);
	if (r < 0)
		return r;
	if (mount(NS_RUN_DIR, NS_RUN_DIR, "none", MS_BIND | MS_REC, NULL) < 0 ||
	    mount("", NS_RUN_DIR, "none", MS_SHARED | MS_REC, NULL) < 0)
		return err_set(err, -errno, "cannot mount " NS_RUN_DIR ": %s", strerror(errno));
	return 0;
}

int lab_netns_dir_remove(const char *marker, bool keep_busy, struct err *err)
{
	if (access(marker, F_OK) < 0)
		return 0;
	/* EINVAL: it never came to be mounted. */
	if (umount2(NS_RUN_DIR, UMOUNT_NOFOLLOW) < 0) {
		if (errno == EBUSY && keep_busy)
			return 0;
		if (errno != EBUSY && errno != EINVAL)
			return err_set(err, -errno, "cannot unmount " NS_RUN_DIR ": %s",
				       strerror(errno));
	}
	if (unlink(marker) < 0 && errno != ENOENT)
		return err_set(err, -errno, "cannot remove %s: %s", marker, strerror(errno));
	return 0;
}

static int mount_own(const char *name, struct err *err)
{
	char path[PATH_SIZE];
	int r;

	to_path(name, path);
	/* Nobody opens it by mistake before the namespace covers it. */
	r = touch(path, O_EXCL, 0, err);
	if (r < 0)
		return r;
	if (mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) < 0)
		return err_set(err, -errno, "cannot mount %s: %s", path, strerror(errno));
	return 0;
}

int lab_netns_add(const char *name, int (*setup)(const void *data, struct err *err),
		  const void *data, struct err *err)
{
	int previous = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (previous < 0)
		return err_set(err, -errno, "/proc/thread-self/ns/net: %s", strerror(errno));
	if (unshare(CLONE_NEWNET) < 0) {
		r = -errno;
		close(previous);
		return err_set(err, r, "cannot make the network namespace '%s': %s", name,
			       err_name(r));
	}
	r = mount_own(name, err);
	if (r >= 0)
		r = setup(data, err);
	ns_leave(previous);
	return r;
}

int lab_netns_call(const char *name, int (*fn)(const void *data, struct err *err), const void *data,
		   struct err *err)
{
	_cleanup_close_ int fd = ns_open(name, err);
	int previous, r;

	if (fd < 0)
		return fd;
	r = ns_enter(fd, &previous, err);
	if (r < 0)
		return r;
	r = fn(data, err);
	ns_leave(previous);
	return r < 0 ? err_prefix(err, r, "namespace '%s'", name) : 0;
}

int lab_netns_remove(const char *name, struct err *err)
{
	char path[PATH_SIZE];

	to_path(name, path);
	/* EINVAL: a file without a mount, of an up that was ended in between. */
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return err_set(err, -errno, "cannot unmount %s: %s", path, strerror(errno));
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set(err, -errno, "cannot remove %s: %s", path, strerror(errno));
	return 0;
}
