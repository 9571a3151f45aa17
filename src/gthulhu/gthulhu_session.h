/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One authenticated exchange at a time with an API server: gets a token when there is none or it nears
 * its end, and on a 401 drops it, gets another and tries once more. By the token it knows which API
 * the server speaks. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "gthulhu.h"
#include "loop.h"

struct session;

struct session_request { /* borrowed during the call; method and path are literals */
	const char *method; /* NULL: nothing but a token */
	const char *path;
	const char *body; /* NULL: none */
	bool once; /* it makes something: not to be sent again when it may have been done */
};

/* Valid during the callback. */
struct session_reply {
	int r; /* 0, and root is the answer (NULL when only a token was asked for); or -errno */
	const json_t *root;
	const char *error; /* NULL or a message that is safe to log */
	int status; /* of the exchange that failed; 0: no answer */
	bool no_route; /* the server's API has no such path or method */
	uint64_t retry_after_ns; /* as the server asked; or until a token may be asked for */
};

typedef void (*session_fn)(void *data, const struct session_reply *reply);

int session_new(struct session **ret, struct loop *loop, const struct gthulhu_options *options,
		struct err *err);
void session_free(struct session *s); /* NULL is fine; may be called from fn */

/* Starts an exchange, cancelling one under way. fn is called once; from within this call when nothing
 * has to be sent or nothing can. */
void session_call(struct session *s, const struct session_request *request, session_fn fn, void *data);
void session_cancel(struct session *s);

uint64_t session_tokens(const struct session *s); /* tokens received */

/* As configured, or as the last token told; GTHULHU_AUTO before that. */
enum gthulhu_era session_era(const struct session *s);
/* Another one than its token told. False when the configuration says which it is. */
bool session_assume(struct session *s, enum gthulhu_era era);
void session_forget(struct session *s); /* the token, and the era unless it is configured */

bool session_has_sample_key(const struct session *s); /* see credentials_is_sample_key() */
