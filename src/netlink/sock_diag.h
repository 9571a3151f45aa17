/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* UDP sockets of the calling thread's network namespace (NETLINK_SOCK_DIAG, linux/inet_diag.h; /proc where the kernel
 * does not have that). */
#pragma once

#include <stdint.h>

#include "addr.h"
#include "err.h"

struct udp_socket {
	uint64_t cookie; /* identity over the socket's life, as bpf_get_socket_cookie() tells it; 0 from /proc */
	uint32_t inode;	 /* of socket:[inode] in /proc/PID/fd; a kernel's own socket is in none */
	uint32_t uid;
	unsigned ifindex;  /* bound to a device; 0: to none, or from /proc */
	int family;	   /* AF_INET or AF_INET6 */
	struct addr local; /* any: ::, or 0.0.0.0 mapped into IPv6 */
	struct addr remote;
	uint16_t local_port;  /* host order; 0: not bound */
	uint16_t remote_port; /* 0: not connected */
};

/* Calls visit for each UDP socket, IPv4 first. Opens a socket and closes it before it returns.
 * A kernel without udp_diag (module absent) is asked by /proc/thread-self/net/udp and udp6. Returns 0, or -errno. */
int sock_diag_udp_list(void (*visit)(const struct udp_socket *socket, void *data), void *data, struct err *err);
