/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network namespaces, and calls inside them. A descriptor held on a namespace keeps it, and its veth,
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

/* A number that no other namespace ever has, unlike the inode; *ret is 0 before Linux 5.14. 0 or -errno: without a
 * descriptor the question cannot be asked, and that says nothing of the namespace. */
int ns_cookie_self(uint64_t *ret);

typedef int (*ns_fn)(void *data, struct err *err);

/* Calls fn in a helper thread inside the namespace, waits for its end, and returns what fn returns; or
 * -errno when the namespace cannot be entered. A thread of the caller would be seen there: /proc/PID/ns
 * shows the namespaces of a process's first thread, and "ip netns pids" lists the process by them. The
 * helper needs no way back, which can fail: it ends. fn gets no signals, and has no thread-local state of
 * the caller's. */
int ns_call(int fd, ns_fn fn, void *data, struct err *err);

/* The same, for an fn that moves its thread by itself. */
int ns_call_in_helper(ns_fn fn, void *data, struct err *err);

/* Moves the calling thread into the namespace, for good. */
int ns_join(int fd, struct err *err);
