/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bearer.h"

#include <errno.h>
#include <jwt.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

#define TOKEN_TEXT_MAX 8192

DEFINE_CLEANUP(jwt_t *, jwt, jwt_free)

static int fill(jwt_t *jwt, uint64_t now_s, uint64_t life_s)
{
	char client[40];

	snprintf(client, sizeof(client), "client_%llu", (unsigned long long)now_s);
	if (jwt_add_grant(jwt, "client_id", client) || jwt_add_grant(jwt, "sub", client) ||
	    jwt_add_grant(jwt, "iss", "bss-api-server") ||
	    jwt_add_grant_int(jwt, "iat", (long)now_s) ||
	    jwt_add_grant_int(jwt, "nbf", (long)now_s) ||
	    jwt_add_grant_int(jwt, "exp", (long)(now_s + life_s)))
		return -ENOMEM;
	return 0;
}

int bearer_issue(const struct keys *keys, uint64_t now_s, uint64_t life_s, char **ret,
		 struct err *err)
{
	_cleanup_(cleanup_jwt) jwt_t *jwt = NULL;
	const struct buf *pem = &keys->private_pem;

	if (jwt_new(&jwt) || fill(jwt, now_s, life_s) < 0 ||
	    jwt_set_alg(jwt, JWT_ALG_RS256, (const unsigned char *)pem->data, (int)pem->len))
		return err_set(err, -ENOMEM, "out of memory");
	*ret = jwt_encode_str(jwt);
	return *ret ? 0 : err_set(err, -EIO, "cannot sign a token");
}

static int check_time(jwt_t *jwt, uint64_t now_s, struct err *err)
{
	long exp, nbf;

	errno = 0;
	exp = jwt_get_grant_int(jwt, "exp");
	if (errno)
		return err_set(err, -EACCES, "token has invalid claims: token has no expiry");
	if (exp <= 0 || (uint64_t)exp <= now_s)
		return err_set(err, -EACCES, "token has invalid claims: token is expired");
	nbf = jwt_get_grant_int(jwt, "nbf");
	if (nbf > 0 && (uint64_t)nbf > now_s)
		return err_set(err, -EACCES, "token has invalid claims: token is not valid yet");
	return 0;
}

int bearer_verify(const struct keys *keys, const char *token, uint64_t now_s, struct err *err)
{
	_cleanup_(cleanup_jwt) jwt_t *jwt = NULL;
	const struct buf *pem = &keys->public_pem;

	if (strnlen(token, TOKEN_TEXT_MAX + 1) > TOKEN_TEXT_MAX)
		return err_set(err, -EACCES, "token is malformed: too long");
	if (jwt_decode(&jwt, token, (const unsigned char *)pem->data, (int)pem->len) || !jwt)
		return err_set(err, -EACCES, "token is malformed or its signature is invalid");
	/* The library takes whatever the header says: HS256 keyed with our public PEM, which
	 * everyone may have, passes its check. It also leaves exp and nbf to us. */
	if (jwt_get_alg(jwt) != JWT_ALG_RS256)
		return err_set(err, -EACCES, "token signature is invalid: signing method is not RS256");
	return check_time(jwt, now_s, err);
}
