/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The network namespaces of this node. Only inodes and names are kept, never a descriptor: an open
 * one would keep a deleted namespace alive. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "proc.h"

#define NETNS_NAME_MAX 256
#define NETNS_MAX 4096

struct netns {
	uint64_t inode;
	char name[NETNS_NAME_MAX]; /* of its mount under /run/netns; "" when it has none */
	int32_t pid;               /* a process that lives in it; 0: none */
	uint32_t processes;        /* how many do */
};

struct netns_list {
	struct netns *items; /* owned; by inode */
	size_t len;
	size_t left_out; /* beyond NETNS_MAX */
};

void netns_list_free(struct netns_list *list); /* usable with _cleanup_ */

/* Those mounted under root/run/netns and those of the given processes. 0 or -ENOMEM. */
int netns_list(const char *root, const struct proc *procs, size_t n, struct netns_list *ret,
	       struct err *err);

/* The same with every process that there is. */
int netns_list_all(const char *root, struct netns_list *ret, struct err *err);

const struct netns *netns_find(const struct netns_list *list, uint64_t inode); /* or NULL */

/* The name under root/run/netns, else the inode in digits: what an event's netns key says. */
const char *netns_name(const char *root, uint64_t inode, char text[static NETNS_NAME_MAX]);

/* Opens the namespace; the caller closes the descriptor after one request. -ESRCH when it has gone,
 * or -errno. */
int netns_open(const char *root, const struct netns *ns, struct err *err);
