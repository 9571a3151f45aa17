/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An HTTP client on the loop. Redirects are not followed (they would carry credentials elsewhere), the
 * environment's proxies are not used, and what a server sends is bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "loop.h"

#define HTTP_BODY_MAX (1024 * 1024)
#define HTTP_URL_TEXT_MAX 256

struct http_client;
struct http_call;

struct http_client_options {
	const char *ca_file;		  /* PEM; NULL or "": the system's */
	const char *cert_file, *key_file; /* PEM, the client's own; NULL or "": none */
};

/* Borrowed until http_client_start() returns. */
struct http_request {
	const char *method;
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
	const char *body;	    /* NULL: none */
	size_t body_len;
	uint64_t timeout_ns; /* of the whole exchange */
	/* On a connection of its own: what a kept one has lost is sent again on another, which a
	 * request that makes something must not be. */
	bool once;
};

/* Valid during the callback only. Everything in it comes from a stranger. */
struct http_response {
	int status;	  /* 0: no complete answer, and error says why */
	const char *body; /* NUL-terminated; "" when empty */
	size_t body_len;
	uint64_t retry_after_ns; /* 0: not said */
	int64_t date;		 /* the server's clock in seconds since 1970 (Date, RFC 9110 6.6.1); 0: not said */
	const char *error;	 /* NULL when there is a status; names the URL without credentials */
};

typedef void (*http_done_fn)(void *data, const struct http_response *response);

/* Fails with -ENOENT or so when a file of the options cannot be read. */
int http_client_new(struct http_client **ret, struct loop *loop, const struct http_client_options *options,
		    struct err *err);

/* Cancels what is under way. May be called from a callback. NULL is fine. */
void http_client_free(struct http_client *client);

/* fn is called once, from the loop, never from within this call, unless the call is cancelled. The
 * handle is valid until then. NULL: out of memory. */
struct http_call *http_client_start(struct http_client *client, const struct http_request *request, http_done_fn fn,
				    void *data);
void http_call_cancel(struct http_call *call); /* NULL is fine */

/* The URL without user, password and query, shortened if need be; returns text. */
const char *http_url_text(const char *url, char text[static HTTP_URL_TEXT_MAX]);
