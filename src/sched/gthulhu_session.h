/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One authenticated exchange at a time with an API server: gets a token when there is none or it nears
 * its end, and on a 401 drops it, gets another and tries once more. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "gthulhu.h"
#include "loop.h"

struct session;

/* Valid during the callback. */
struct session_reply {
	int r; /* 0, and root is the answer; or -errno */
	const json_t *root;
	const char *error; /* NULL or a message that is safe to log */
	int status; /* of the exchange that failed; 0: no answer */
	uint64_t retry_after_ns; /* as the server asked; or until a token may be asked for */
};

typedef void (*session_fn)(void *data, const struct session_reply *reply);

int session_new(struct session **ret, struct loop *loop, const struct gthulhu_options *options,
		struct err *err);
void session_free(struct session *s); /* NULL is fine; may be called from fn */

/* Starts an exchange, cancelling one under way. body (NULL: none) is copied. fn is called once; from
 * within this call when nothing can be sent. */
void session_call(struct session *s, const char *method, const char *path, const char *body,
		  session_fn fn, void *data);
void session_cancel(struct session *s);

uint64_t session_tokens(const struct session *s); /* tokens received */
