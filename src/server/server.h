/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An API server that speaks Gthulhu's API as its v0.1.0 did: a token for the server's own public key,
 * one list of strategies that each POST replaces, /health. Strategies that name pods by selectors
 * are accepted, as there, but not resolved to processes: GET lists those that carry a pid. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "loop.h"
#include "option.h"

struct server;

struct server_options {
	const char *listen; /* "127.0.0.1:8080", "[::1]:8080", ":8080" for every address; port 0: any */
	const char *data;   /* folder of the key pair; made when missing */
	uint64_t token_life_ns;
	uint64_t request_timeout_ns; /* from a request's first byte to the last of its answer */
};

extern const struct option_section server_section; /* "server", struct server_options */

/* Makes the key pair on the first start. The options are borrowed during the call only. */
int server_start(struct server **ret, struct loop *loop, const struct server_options *options, struct err *err);
void server_stop(struct server *server); /* NULL is fine */

const char *server_address(const struct server *server); /* "127.0.0.1:8080" as bound */
const char *server_public_key_path(const struct server *server);
bool server_is_local(const struct server *server); /* bound to a loopback address */
