/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests that are refused because it is in doubt where they end or which host they are for (RFC 9112
 * 3.2, 5.1, 6.3), or because libmicrohttpd would not answer them. */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>

/* To be asked before the arguments are parsed: for 500 of them libmicrohttpd 0.9.75 lacks memory, and then
 * waits for the rest of a request that is complete. */
bool framing_uri_is_too_long(const char *uri);

/* Answers 414 without libmicrohttpd, and hangs up. */
void framing_refuse_uri(struct MHD_Connection *c);

/* Why the request is refused, and its connection is to be closed; NULL: it is not. */
const char *framing_error(struct MHD_Connection *c, const char *version);
