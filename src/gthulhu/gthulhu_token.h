/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What buys a token, and the token's life. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "gthulhu.h"

/* What buys a token: a public key, or a user's password. Secrets are read from their files when they are
 * needed, and freed after. */
struct credentials {
	char *key_path;
	char *public_key; /* the PEM block alone; NULL: none could be read */
	char *user;	  /* "": none */
	char *password_path;
};

/* Fails when what the protocol needs is missing: a key, or a user and a password; for GTHULHU_ANY_PROTOCOL one
 * of the two. */
int credentials_init(struct credentials *ret, const struct gthulhu_options *options, struct err *err);
void credentials_free(struct credentials *c);

/* {"public_key": ...}, of the file as it is now: the server may have made itself another pair. A file
 * that cannot be read leaves the key as it was. */
void credentials_write_key(struct credentials *c, struct buf *out);

/* {"username": ..., "password": ...} and the password itself. */
int credentials_write_login(const struct credentials *c, struct buf *out, struct buf *ret_password, struct err *err);

/* The password alone; nothing when it cannot be read. */
void credentials_read_password(const struct credentials *c, struct buf *ret);

/* The sample key whose private half is published with Gthulhu. */
bool credentials_is_sample_key(const char *pem);

/* A bearer token and its life. A client verifies nothing: it reads `exp` and `iat` (RFC 7519 4.1) to know when
 * to ask anew. The life is exp - iat on the local boot clock from receipt, so that a server's wrong clock does
 * not matter. The text is never logged. */

#define TOKEN_MAX 8192 /* bytes of text; what servers take as one header */

struct token {
	char *text;	     /* owned; NULL: none */
	uint64_t refresh_ns; /* boot clock: ask for another from then on */
	/* Bucket of requests for a token: at most 3 at once, one more every 30 s. */
	unsigned spent;
	uint64_t spent_since_ns;
};

struct token_time {
	uint64_t boot_ns, real_ns; /* of the two clocks at one moment */
};

/* Takes a copy. -EBADMSG when it is empty, too long or has characters that no token has
 * (RFC 6750 2.1). Of a text that is no JWT, or has no exp, expires_s tells the end, in seconds since
 * 1970 by the local clock; when that is not positive either, it is given one hour. */
int token_set(struct token *token, const char *text, int64_t expires_s, const struct token_time *now, struct err *err);
void token_drop(struct token *token); /* the text, not the bucket; usable with _cleanup_ */

bool token_is_due(const struct token *token, uint64_t now_ns); /* none, or to be refreshed */

/* True, and counted, when another token may be asked for now. */
bool token_may_ask(struct token *token, uint64_t now_ns);
void token_not_asked(struct token *token); /* no server answered: it does not count */
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
