/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One authenticated exchange at a time with an API server: gets a token when there is none or it nears
 * its end, and on a 401 drops it, gets another and tries once more. The shape of the token says which API the
 * server has. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "gthulhu.h"
#include "loop.h"

struct api_session;

struct api_request {	    /* borrowed during the call; method and path are literals */
	const char *method; /* NULL: nothing but a token */
	const char *path;
	const char *body; /* NULL: none */
	bool once;	  /* it makes something: not to be sent again when it may have been done */
};

/* Valid during the callback. */
struct api_reply {
	int r; /* 0, and root is the answer (NULL when only a token was asked for); or -errno */
	const json_t *root;
	const char *error;	 /* NULL or a message that is safe to log */
	int status;		 /* of the exchange that failed; 0: no answer */
	bool no_route;		 /* the server's API has no such path or method */
	uint64_t retry_after_ns; /* as the server asked; or until a token may be asked for */
};

/* Whether the user lacks the right: another refusal (a password to change) stands for all that the user does. */
bool gthulhu_lacks_right(const struct api_reply *reply);

typedef void (*api_reply_fn)(void *data, const struct api_reply *reply);

int api_session_new(struct api_session **ret, struct loop *loop, const struct gthulhu_options *options,
		    struct err *err);
void api_session_free(struct api_session *s); /* NULL is fine; may be called from fn */

/* Starts an exchange, cancelling one under way. fn is called once; from within this call when nothing
 * has to be sent or nothing can. */
void api_session_call(struct api_session *s, const struct api_request *request, api_reply_fn fn, void *data);
void api_session_cancel(struct api_session *s);

uint64_t api_session_tokens(const struct api_session *s); /* tokens received */

/* As configured, or by the shape of the last token; GTHULHU_ANY_PROTOCOL before that. */
enum gthulhu_protocol api_session_protocol(const struct api_session *s);
/* Another protocol than the token's shape says. False when the configuration names the protocol. */
bool api_session_assume(struct api_session *s, enum gthulhu_protocol protocol);
void api_session_forget(struct api_session *s); /* the token, and the protocol unless it is configured */

bool api_session_has_sample_key(const struct api_session *s); /* see credentials_is_sample_key() */
