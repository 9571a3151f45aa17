/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Within this room: small files and links of /proc. */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

/* -ENAMETOOLONG instead of a cut path. A process of the real /proc is looked up where base/proc_mount.h says. */
int procfs_path(char *ret, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* -ESRCH for ENOENT and ESRCH, by which a process or a file of it has ended; else -error. */
int procfs_error(int error);

/* Reads at most size - 1 bytes and ends them with NUL; *ret_len without it. A file that vanished, or
 * whose process did, is -ESRCH; what is no regular file is -EBADFD. */
int procfs_read(const char *path, char *ret, size_t size, size_t *ret_len);

/* The link's target with NUL; -ESRCH as above; -ENAMETOOLONG when it does not fit. */
int procfs_readlink(const char *path, char *ret, size_t size);

/* A positive decimal number up to max and nothing else. */
bool procfs_number(const char *text, uint64_t max, uint64_t *ret);

/* N of "prefix:[N]", the form of socket and namespace links; 0 when text is another. */
uint64_t procfs_inode(const char *text, const char *prefix);

static inline void procfs_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_dir_ _cleanup_(procfs_closedir)
