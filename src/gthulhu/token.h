/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A bearer token and its life. A client verifies nothing: it reads `exp` and `iat` (RFC 7519 4.1) to
 * know when to ask anew. The life is exp - iat on the local boot clock from receipt, so that a server's
 * wrong clock does not matter. The text is never logged. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define TOKEN_MAX 8192 /* bytes of text; what servers take as one header */

struct token {
	char *text; /* owned; NULL: none */
	uint64_t refresh_ns; /* boot clock: ask for another from then on */
	/* Bucket of requests for a token: at most 3 at once, one more every 30 s. */
	unsigned spent;
	uint64_t spent_since_ns;
};

/* Takes a copy. -EBADMSG when it is empty, too long or has characters that no token has
 * (RFC 6750 2.1). Of a text that is no JWT, or has no exp, expires_s tells the end, in seconds since
 * 1970 by the local clock; when that is not positive either, it is given one hour. */
int token_set(struct token *token, const char *text, int64_t expires_s, uint64_t now_ns,
	      uint64_t real_ns, struct err *err);
void token_drop(struct token *token); /* the text, not the bucket; usable with _cleanup_ */

bool token_is_due(const struct token *token, uint64_t now_ns); /* none, or to be refreshed */

/* True, and counted, when another token may be asked for now. */
bool token_may_ask(struct token *token, uint64_t now_ns);
void token_not_asked(struct token *token); /* nobody was there to ask: it does not count */
uint64_t token_ask_wait_ns(const struct token *token, uint64_t now_ns);

/* Until refresh: 5 minutes before the end, or nine tenths of a life under 50 minutes. */
uint64_t token_refresh_after_ns(uint64_t life_ns);

struct token_claims {
	bool has_exp, has_iat;
	int64_t exp, iat; /* seconds since 1970 */
};

/* -EBADMSG when the text is not a JWT in compact form with a JSON object as its claims. */
int token_claims(const char *text, struct token_claims *ret);

/* RFC 4648 5, no padding. Returns the number of bytes or -EBADMSG; ret holds len * 3 / 4. */
long base64url_decode(const char *text, size_t len, uint8_t *ret);
