/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the lab's programs have in common: threads that end together, sockets, a TUN device. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "addr.h"
#include "err.h"
#include "plan.h"

#define NODE_DATAGRAM_MAX 65536
#define NODE_THREADS_MAX 24

/* Borrowed by every thread; constant while they run. */
struct node {
	const struct lab_plan *plan;
	enum lab_node_kind kind;
	unsigned index; /* from 1 */
	int stop_fd;	/* readable for ever once the program is to end */
};

/* A thread's body: returns 0 when told to stop, -errno when it cannot go on (all end then). */
typedef int (*node_thread_fn)(const struct node *node, void *data);

struct node_thread {
	node_thread_fn fn;
	void *data;
};

/* Starts the threads, says ready, waits for a signal or for a thread that fails, joins them all. */
int node_run(struct node *node, const struct node_thread *threads, size_t count, int ready_fd, struct err *err);

/* Fills up with threads that only wait, until with the process's first they are total; returns how many there are. */
size_t node_add_idle(struct node_thread threads[static NODE_THREADS_MAX], size_t count, unsigned total);

/* The socket by which UERANSIM's programs take commands: 127.0.0.1, a port of the kernel's choice. What comes is thrown
 * away. Returns the descriptor, -1 where the core has none, or -errno. */
int node_command_line(const struct node *node, struct err *err);

/* A thread's body that receives and throws away; data: const int *, the socket. */
int node_drain(const struct node *node, void *data);

/* 1: fd is ready for the poll events; 0: timeout_ms (-1: none) went by; -ECANCELED: stop. */
int node_wait(const struct node *node, int fd, short events, int timeout_ms);

/* One datagram or packet from a non-blocking descriptor, waiting for it: its length, -ECANCELED to
 * stop, or -errno. from: NULL for a TUN device. */
ssize_t node_receive(const struct node *node, int fd, void *buf, size_t size, struct sockaddr_in *from);

/* A part of a datagram. */
static inline struct iovec node_part(const void *data, size_t len)
{
	return (struct iovec){.iov_base = (void *)data, .iov_len = len};
}

#define NODE_NO_BODY node_part(NULL, 0)

/* head and body as one datagram. Like a network, it loses what cannot be sent. */
void node_send(int fd, const struct sockaddr_in *to, struct iovec head, struct iovec body);

/* A non-blocking UDP socket with room for bursts, bound to port; address NULL: any; both 0: the
 * kernel's choice at the first send. Returns the descriptor or -errno. */
int node_udp_socket(const struct addr *address, unsigned port, struct err *err);

/* A TUN device without packet information; non-blocking. Returns its descriptor or -errno. */
int node_tun(const char *name, struct err *err);

struct sockaddr_in node_sockaddr(const struct addr *address, unsigned port);

int node_ue_main(struct node *node, int ready_fd, struct err *err);
int node_gnb_main(struct node *node, int ready_fd, struct err *err);
int node_upf_main(struct node *node, int ready_fd, struct err *err);
int node_dn_main(struct node *node, int ready_fd, struct err *err);
