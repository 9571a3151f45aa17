/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HTTP/1.1 on the loop: routes, bounded bodies, and a deadline of our own for each request, since
 * libmicrohttpd's timeout starts anew with every byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "loop.h"

struct httpd;

struct httpd_request {
	const char *method;
	const char *path;
	const char *authorization; /* NULL: no such header */
	const char *body;	   /* NUL-terminated */
	size_t body_len;
};

struct httpd_reply {
	unsigned status;
	const char *content_type; /* NULL: no body */
	struct buf body;
	struct {
		const char *name;
		char value[96];
	} headers[4]; /* the first without a name ends the list */
};

struct httpd_route {
	const char *method;
	const char *path;
	bool open;	 /* no authorization is asked for */
	size_t body_max; /* 0: a body is ignored */
	void (*handle)(void *data, const struct httpd_request *request, struct httpd_reply *reply);
};

struct httpd_options {
	int listener; /* a listening socket that does not block; stays the caller's */
	uint64_t request_timeout_ns;
	const struct httpd_route *routes; /* outlive the server; a NULL path ends them */
	/* False, and the reply is filled, when the request may not pass. */
	bool (*authorize)(void *data, const struct httpd_request *request, struct httpd_reply *reply);
	void (*refuse)(void *data, struct httpd_reply *reply, unsigned status, const char *why);
	void *data;
};

int httpd_start(struct httpd **ret, struct loop *loop, const struct httpd_options *options, struct err *err);
void httpd_stop(struct httpd *httpd); /* NULL is fine */
