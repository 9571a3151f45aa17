/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the /proc lies whose processes teide looks at: in a PID namespace of its own, the host's /proc may be mounted
 * elsewhere. Set once, before threads are made. */
#pragma once

#include <stddef.h>

#define PROC_MOUNT_MAX 128

/* path: absolute, without a slash at its end. -ENAMETOOLONG. */
int proc_mount_set(const char *path);
const char *proc_mount(void); /* "/proc" unless it was set */

/* Has a path "/proc" or "/proc/PID..." begin with the mount instead. Other files of /proc (self, sys, net, modules) are
 * the same in every mount, or the caller's own. -ENAMETOOLONG: the path is as before. */
int proc_mount_apply(char *path, size_t size);
