/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "proc_mount.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define USUAL "/proc"

static char mount_path[PROC_MOUNT_MAX] = USUAL;

int proc_mount_set(const char *path)
{
	size_t len = strlen(path);

	if (len >= sizeof(mount_path))
		return -ENAMETOOLONG;
	memcpy(mount_path, path, len + 1);
	return 0;
}

const char *proc_mount(void)
{
	return mount_path;
}

static bool names_a_process(const char *path)
{
	size_t len = strlen(USUAL);

	if (strncmp(path, USUAL, len))
		return false;
	return !path[len] || (path[len] == '/' && path[len + 1] >= '0' && path[len + 1] <= '9');
}

int proc_mount_apply(char *path, size_t size)
{
	size_t usual = strlen(USUAL), own = strlen(mount_path), rest = strlen(path);

	if (!strcmp(mount_path, USUAL) || !names_a_process(path))
		return 0;
	rest -= usual;
	if (own + rest >= size)
		return -ENAMETOOLONG;
	memmove(path + own, path + usual, rest + 1);
	memcpy(path, mount_path, own);
	return 0;
}
