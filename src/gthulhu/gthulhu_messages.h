/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The messages of Gthulhu's APIs that all protocols share, and the list of PIDs, without the network. A server's
 * text is checked and, where it ends in a message of ours, cut and freed of control characters. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "client.h"
#include "err.h"
#include "strategy.h"

#define GTHULHU_TOKEN_PATH "/api/v1/auth/token"
#define GTHULHU_LOGIN_PATH "/api/v1/auth/login"
#define GTHULHU_REFRESH_PATH "/api/v1/auth/refresh"
#define GTHULHU_STRATEGIES_PATH "/api/v1/scheduling/strategies"

/* The base URL: "http://host:port", from that or from the URL of an endpoint. The caller frees *ret.
 * -EINVAL when it is not http or https. */
int gthulhu_base_url(const char *url, char **ret, struct err *err);

void gthulhu_write_token_request(struct buf *out, const char *public_key);
void gthulhu_write_login(struct buf *out, const char *user, const char *password);
void gthulhu_write_refresh(struct buf *out, const char *refresh_token);
void gthulhu_write_list(struct buf *out, const struct strategy_list *list);

/* 0 when the answer is a success in full: 200, JSON, "success": true; the caller owns *ret.
 * Otherwise -errno, and the message names url. A text that repeats secret (NULL: none) is withheld. */
int gthulhu_check(const struct http_response *response, const char *url, const char *secret, json_t **ret,
		  struct err *err);

/* Whether the server's API has no such path or method: a handler says "not found" in "error", a router in
 * "message" or in plain text. */
bool gthulhu_no_route(const struct http_response *response);

bool gthulhu_is_json(const struct http_response *response);

/* Of a manager's refusal that stands until the user has another password. */
#define GTHULHU_PASSWORD_CHANGE "password change required"

struct api_token {
	const char *text;    /* root's */
	const char *refresh; /* root's; NULL: none */
	int64_t expires_s;   /* since 1970; 0: not said */
	bool nested;	     /* in "data", as all servers have it but those of PID lists */
};

/* -EBADMSG without a token. */
int gthulhu_read_token(const json_t *root, struct api_token *ret, struct err *err);

/* Adds the server's entries as they are, null being none. Priority may be a number, as later servers
 * have it: above 0 boosts. -EBADMSG when it is no list of strategies, -E2BIG beyond STRATEGY_MAX. */
int gthulhu_read_list(const json_t *root, struct strategy_list *ret, struct err *err);
