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
			return err_set(err, -errno, "cannot unmount " NS_RUN_DIR ": %s", strerror(errno));
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
	/* No process opens it by mistake before the namespace covers it. */
	r = touch(path, O_EXCL, 0, err);
	if (r < 0)
		return r;
	if (mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) < 0)
		return err_set(err, -errno, "cannot mount %s: %s", path, strerror(errno));
	return 0;
}

struct new_netns {
	const char *name;
	ns_fn setup;
	void *data;
};

static int make_in_helper(void *data, struct err *err)
{
	const struct new_netns *new = data;
	int r;

	if (unshare(CLONE_NEWNET) < 0)
		return err_set(err, -errno, "cannot make the network namespace '%s': %s", new->name, err_name(errno));
	r = mount_own(new->name, err);
	return r < 0 ? r : new->setup(new->data, err);
}

int lab_netns_add(const char *name, ns_fn setup, void *data, struct err *err)
{
	struct new_netns new = {.name = name, .setup = setup, .data = data};

	return ns_call_in_helper(make_in_helper, &new, err);
}

int lab_netns_call(const char *name, ns_fn fn, void *data, struct err *err)
{
	_cleanup_close_ int fd = ns_open(name, err);
	int r;

	if (fd < 0)
		return fd;
	r = ns_call(fd, fn, data, err);
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
