/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* UDP sockets of every network namespace, and what the descriptors of a process are. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "netns.h"
#include "sock_diag.h"

#define SOCKETS_MAX 4096
#define SOCKETS_FDS_MAX 65536 /* descriptors read of one process */

struct socket_entry {
	struct udp_socket udp;
	uint64_t netns; /* inode */
};

struct socket_list {
	struct socket_entry *items; /* owned; by the socket's inode */
	size_t len;
	size_t left_out;	  /* beyond SOCKETS_MAX */
	size_t namespaces;	  /* that were asked */
	size_t namespaces_failed; /* that could not be */
};

void socket_list_free(struct socket_list *list); /* usable with _cleanup_ */

struct socket_query {
	const char *root; /* "" for the real one */
	const uint16_t *ports;
	size_t n_ports;
	const uint64_t *inodes; /* in ascending order */
	size_t n_inodes;
};

/* The order of two inodes (uint64_t), for qsort() and bsearch(). */
int socket_inode_compare(const void *a, const void *b);

/* Those whose local or remote port is one of the ports, or whose inode is one of the inodes. A namespace that vanished
 * meanwhile is passed over. A namespace that cannot be entered is counted, and err says why of the last; the result
 * then is 0 all the same unless all failed. */
int sockets_udp(const struct socket_query *query, const struct netns_list *namespaces, struct socket_list *ret,
		struct err *err);

/* The socket of that inode, or NULL. */
const struct socket_entry *socket_list_find(const struct socket_list *list, uint64_t inode);

struct fd_visitor {
	void (*socket)(void *data, int fd, uint64_t inode); /* or NULL */
	/* A TUN or TAP device is attached to the descriptor (fdinfo's "iff:"). Or NULL. */
	void (*tun)(void *data, int fd, const char *interface);
	void *data;
	size_t max; /* descriptors; 0: SOCKETS_FDS_MAX */
};

/* Visits the descriptors of a process. 0; 1 when it has more than that, and the others are left out; -ESRCH when it has
 * ended, or -errno. */
int sockets_visit_fds(const char *root, int32_t pid, const struct fd_visitor *visitor);

/* The inode of the socket that is fd in that process now; 0: no socket. */
uint64_t sockets_fd_inode(const char *root, int32_t pid, int fd);
