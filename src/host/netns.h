/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The network namespaces of this node. Only inodes and names are kept, never a descriptor: an open
 * one would keep a deleted namespace alive. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "proc.h"

#define NETNS_NAME_MAX 256
#define NETNS_MAX 4096

struct netns {
	uint64_t inode;
	char name[NETNS_NAME_MAX]; /* of its mount under /run/netns; "" when it has none */
	int32_t pid;		   /* a process that lives in it; 0: none */
	uint32_t processes;	   /* how many do */
};

struct netns_list {
	struct netns *items; /* owned; by inode */
	size_t len;
	size_t left_out; /* beyond NETNS_MAX */
};

void netns_list_free(struct netns_list *list); /* usable with _cleanup_ */

/* Those mounted under root/run/netns and those of the given processes. What is mounted or lies there
 * is not opened, so that an item may turn out to be no network namespace. 0 or -errno. */
int netns_list(const char *root, const struct proc_list *procs, struct netns_list *ret, struct err *err);

/* The same with every process that there is. */
int netns_list_all(const char *root, struct netns_list *ret, struct err *err);

const struct netns *netns_find(const struct netns_list *list, uint64_t inode); /* or NULL */

/* The name under root/run/netns, else the inode in digits: what an event's netns key says. */
const char *netns_name(const char *root, uint64_t inode, char text[static NETNS_NAME_MAX]);

/* Opens the namespace; the caller closes the descriptor after one request. It is found again by its
 * inode when its name or its process has ended meanwhile. -ESRCH when it has gone, or never was a
 * network namespace; or -errno. */
int netns_open(const char *root, const struct netns *ns, struct err *err);

/* Whether opening a namespace failed so because what has its name or its process's id has ended, or is
 * something else: left-over files, namespaces of another kind. */
bool netns_is_gone(int r);

typedef int (*netns_fn)(void *data, struct err *err);

/* Calls fn inside the namespace, in a helper thread as ns_call() does, and returns what fn returns. In
 * the caller's own namespace the calling thread runs fn. -ESRCH when the namespace has gone; -EPERM,
 * -EACCES or another -errno when it cannot be entered: then err says why. */
int netns_visit(const char *root, const struct netns *ns, netns_fn fn, void *data, struct err *err);

/* The same, of the namespace that was found by spec, as for ns_open(), when it had this inode. Inode
 * 0: of that which spec names now. */
int netns_visit_at(const char *spec, uint64_t inode, netns_fn fn, void *data, struct err *err);
