/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* UDP sockets as /proc/net/udp and /proc/net/udp6 list them: what a kernel without the module udp_diag has. */
#pragma once

#include "sock_diag.h"

/* One line of the file of that family, AF_INET or AF_INET6, into *ret, whose cookie and ifindex the file does not tell:
 * both are 0. -EINVAL when the line is no socket's: the head, or another layout. */
int proc_udp_parse(const char *line, int family, struct udp_socket *ret);

/* As sock_diag_udp_list(), of the calling thread's network namespace. -ENOENT where /proc does not know this thread. */
int proc_udp_list(void (*visit)(const struct udp_socket *socket, void *data), void *data, struct err *err);
