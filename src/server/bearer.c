/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bearer.h"

#include <errno.h>
#include <jwt.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "jsonr.h"

#define TOKEN_TEXT_MAX 8192

DEFINE_CLEANUP(jwt_t *, jwt, jwt_free)

static int fill(jwt_t *jwt, uint64_t now_s, uint64_t life_s)
{
	char client[40];

	snprintf(client, sizeof(client), "client_%llu", (unsigned long long)now_s);
	if (jwt_add_grant(jwt, "client_id", client) || jwt_add_grant(jwt, "sub", client) ||
	    jwt_add_grant(jwt, "iss", "bss-api-server") || jwt_add_grant_int(jwt, "iat", (long)now_s) ||
	    jwt_add_grant_int(jwt, "nbf", (long)now_s) || jwt_add_grant_int(jwt, "exp", (long)(now_s + life_s)))
		return -ENOMEM;
	return 0;
}

int bearer_issue(const struct keys *keys, uint64_t now_s, uint64_t life_s, char **ret, struct err *err)
{
	_cleanup_(cleanup_jwt) jwt_t *jwt = NULL;
	const struct buf *pem = &keys->private_pem;

	if (jwt_new(&jwt) || fill(jwt, now_s, life_s) < 0 ||
	    jwt_set_alg(jwt, JWT_ALG_RS256, (const unsigned char *)pem->data, (int)pem->len))
		return err_oom(err);
	*ret = jwt_encode_str(jwt);
	return *ret ? 0 : err_set(err, -EIO, "cannot sign a token");
}

/* libjwt checks neither, and gives 0 for a number that is not an integer. */
static int check_time(jwt_t *jwt, uint64_t now_s, struct err *err)
{
	_cleanup_free_ char *text = jwt_get_grants_json(jwt, NULL);
	json_auto_t *claims = NULL;
	const json_t *exp, *nbf;

	if (!text || jsonr_read(&claims, text, strlen(text), 0, NULL) < 0)
		return err_set(err, -EACCES, "token has invalid claims: not an object");
	exp = json_object_get(claims, "exp");
	nbf = json_object_get(claims, "nbf");
	if (!exp)
		return err_set(err, -EACCES, "token has invalid claims: token has no expiry");
	if (!json_is_integer(exp) || (nbf && !json_is_integer(nbf)))
		return err_set(err, -EACCES, "token has invalid claims: exp or nbf is not an integer");
	if (json_integer_value(exp) <= (json_int_t)now_s)
		return err_set(err, -EACCES, "token has invalid claims: token is expired");
	if (json_integer_value(nbf) > (json_int_t)now_s)
		return err_set(err, -EACCES, "token has invalid claims: token is not valid yet");
	return 0;
}

/* libjwt takes whatever algorithm the header names: a token signed by HS256 with our public PEM as the
 * key passes its check. It takes "rs256" for RS256 (RFC 7515 4.1.1) and ignores "crit" (4.1.11). */
static int check_header(jwt_t *jwt, struct err *err)
{
	_cleanup_free_ char *critical = jwt_get_headers_json(jwt, "crit");
	const char *algorithm = jwt_get_header(jwt, "alg");

	if (jwt_get_alg(jwt) != JWT_ALG_RS256 || !algorithm || strcmp(algorithm, "RS256") != 0)
		return err_set(err, -EACCES, "token signature is invalid: signing method is not RS256");
	if (critical)
		return err_set(err, -EACCES, "token is malformed: extensions (crit) are not supported");
	return 0;
}

int bearer_verify(const struct keys *keys, const char *token, uint64_t now_s, struct err *err)
{
	_cleanup_(cleanup_jwt) jwt_t *jwt = NULL;
	const struct buf *pem = &keys->public_pem;
	int r;

	if (strnlen(token, TOKEN_TEXT_MAX + 1) > TOKEN_TEXT_MAX)
		return err_set(err, -EACCES, "token is malformed: too long");
	if (jwt_decode(&jwt, token, (const unsigned char *)pem->data, (int)pem->len) || !jwt)
		return err_set(err, -EACCES, "token is malformed or its signature is invalid");
	r = check_header(jwt, err);
	return r < 0 ? r : check_time(jwt, now_s, err);
}
