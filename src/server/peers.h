/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The server's open connections, and which of them is closed when there is no room for another. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "addr.h"

#define PEERS_MAX 128

struct peer {
	int fd;		      /* libmicrohttpd's */
	struct addr client;   /* IPv6: its /64 network, which one client may have to itself */
	unsigned same;	      /* connections of this client, this one included */
	bool open;	      /* the place is taken */
	bool trusted;	      /* it sent a valid token */
	bool busy;	      /* a request is under way */
	uint64_t since_ns;    /* boot clock: busy or idle since then */
	uint64_t deadline_ns; /* boot clock: closed then */
};

struct peers {
	struct peer places[PEERS_MAX];
	size_t len;
};

/* NULL: every place is taken. */
struct peer *peers_add(struct peers *peers, int fd, const struct sockaddr *client);
void peers_remove(struct peers *peers, struct peer *peer); /* NULL is fine */

/* The connection to close for a new one. First those that sent no valid token, then idle ones, then the
 * rest; of these, those of the client with the most connections; of these the oldest since_ns. NULL: there
 * is none. */
struct peer *peers_least(struct peers *peers);
