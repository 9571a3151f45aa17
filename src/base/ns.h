/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network namespaces of the calling thread. A descriptor held on a namespace keeps it, and its veth,
 * alive after its deletion: open, use, close. */
#pragma once

#include <stdint.h>

#include "err.h"

#define NS_RUN_DIR "/run/netns"

/* Opens a network namespace by name under /run/netns, by path, or as "pid:N". Returns the
 * descriptor, which the caller closes; -EINVAL for what is not a network namespace, or -errno. */
int ns_open(const char *spec, struct err *err);

/* The inode, which is what identifies a namespace while it lives; 0 on error. */
uint64_t ns_inode(int fd);
uint64_t ns_inode_self(void);

/* A number that no other namespace ever has, unlike the inode; 0 before Linux 5.14. */
uint64_t ns_cookie_self(void);

/* Moves the calling thread into the namespace. *ret_previous takes it back by ns_leave(). */
int ns_enter(int fd, int *ret_previous, struct err *err);

/* Returns to the previous namespace and closes the descriptor. It tries for a second; failing then
 * would leave the thread in a foreign namespace, so it says so and aborts. */
void ns_leave(int previous);
