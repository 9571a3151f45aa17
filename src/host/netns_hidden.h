/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network namespaces that netns_list() does not know of, since this process may not see them: where nothing
 * was found, there may be something all the same. */
#pragma once

#include <stddef.h>

#include "err.h"

/* Counts the processes whose network namespace cannot be seen; where /proc hides other processes, these
 * count as one. 0 or -errno. */
int netns_hidden(const char *root, size_t *ret, struct err *err);

#define NETNS_HIDDEN_ADVICE "cannot be seen; run as root, in a container with hostPID and CAP_SYS_PTRACE"
