/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel settings of the calling thread's network namespace. */
#pragma once

#include "err.h"

/* Writes value to /proc/sys/net/<path>. -ENOENT where this kernel has no such setting, with err
 * naming it. */
int lab_sysctl(const char *value, struct err *err, const char *path, ...) __attribute__((format(printf, 3, 4)));

/* The same, but a setting that this kernel does not have is no error. */
int lab_sysctl_optional(const char *value, struct err *err, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
