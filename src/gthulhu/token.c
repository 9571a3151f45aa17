/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "jsonr.h"

#define DEFAULT_LIFE_NS (3600 * NSEC_PER_SEC)
#define LIFE_MAX_S (366LL * 86400)
#define SHORT_LIFE_NS (50 * 60 * NSEC_PER_SEC)
#define MARGIN_NS (5 * 60 * NSEC_PER_SEC)
#define ASK_BURST 3
#define ASK_EVERY_NS (30 * NSEC_PER_SEC)

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

long base64url_decode(const char *text, size_t len, uint8_t *ret)
{
	uint32_t bits = 0;
	size_t n = 0;
	int have = 0;

	if (len % 4 == 1)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++) {
		int d = digit(text[i]);

		if (d < 0)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			ret[n++] = (uint8_t)(bits >> have);
		}
	}
	return bits & ((1U << have) - 1) ? -EBADMSG : (long)n;
}

static bool claim(const json_t *claims, const char *key, int64_t *ret)
{
	const json_t *value = json_object_get(claims, key);
	double d;

	/* NumericDate may have a fraction (RFC 7519 2). */
	if (!json_is_number(value))
		return false;
	d = json_number_value(value);
	if (d < 0 || d > 1e12)
		return false;
	*ret = (int64_t)d;
	return true;
}

int token_claims(const char *text, struct token_claims *ret)
{
	const char *begin = strchr(text, '.'), *end = begin ? strchr(begin + 1, '.') : NULL;
	json_auto_t *claims = NULL;
	uint8_t bytes[TOKEN_MAX];
	size_t len;
	long n;

	*ret = (struct token_claims){0};
	if (!end || strchr(end + 1, '.'))
		return -EBADMSG;
	len = (size_t)(end - begin - 1);
	if (len > TOKEN_MAX)
		return -EBADMSG;
	n = base64url_decode(begin + 1, len, bytes);
	if (n < 0)
		return -EBADMSG;
	if (jsonr_read(&claims, (const char *)bytes, (size_t)n, 0, NULL) < 0 || !json_is_object(claims))
		return -EBADMSG;
	ret->has_exp = claim(claims, "exp", &ret->exp);
	ret->has_iat = claim(claims, "iat", &ret->iat);
	return 0;
}

static uint64_t life_ns(const char *text, int64_t expires_s, uint64_t real_ns)
{
	struct token_claims claims = {.has_exp = false};
	int64_t life, from;

	if (token_claims(text, &claims) < 0 || !claims.has_exp) {
		if (expires_s <= 0)
			return DEFAULT_LIFE_NS;
		claims = (struct token_claims){.has_exp = true, .exp = expires_s};
	}
	from = claims.has_iat ? claims.iat : (int64_t)(real_ns / NSEC_PER_SEC);
	life = MIN(claims.exp - from, LIFE_MAX_S);
	return life > 0 ? (uint64_t)life * NSEC_PER_SEC : 0;
}

uint64_t token_refresh_after_ns(uint64_t life_ns)
{
	return life_ns < SHORT_LIFE_NS ? life_ns / 10 * 9 : life_ns - MARGIN_NS;
}

static bool is_token_text(const char *text, size_t len)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-._~+/=";

	return len > 0 && len <= TOKEN_MAX && strspn(text, allowed) == len;
}

int token_set(struct token *token, const char *text, int64_t expires_s, uint64_t now_ns,
	      uint64_t real_ns, struct err *err)
{
	size_t len = strnlen(text, TOKEN_MAX + 1);
	char *copy;

	if (!is_token_text(text, len))
		return err_set(err, -EBADMSG,
			       "the server's token is empty, longer than %d bytes or no token",
			       TOKEN_MAX);
	copy = strdup(text);
	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	token_drop(token);
	token->text = copy;
	token->refresh_ns = now_ns + token_refresh_after_ns(life_ns(text, expires_s, real_ns));
	return 0;
}

void token_drop(struct token *token)
{
	free(token->text);
	token->text = NULL;
}

bool token_is_due(const struct token *token, uint64_t now_ns)
{
	return !token->text || now_ns >= token->refresh_ns;
}

static void refill(struct token *token, uint64_t now_ns)
{
	uint64_t back = (now_ns - token->spent_since_ns) / ASK_EVERY_NS;

	if (token->spent == 0 || back >= token->spent) {
		token->spent = 0;
		token->spent_since_ns = now_ns;
		return;
	}
	token->spent -= (unsigned)back;
	token->spent_since_ns += back * ASK_EVERY_NS;
}

bool token_may_ask(struct token *token, uint64_t now_ns)
{
	refill(token, now_ns);
	if (token->spent >= ASK_BURST)
		return false;
	token->spent++;
	return true;
}

void token_not_asked(struct token *token)
{
	if (token->spent > 0)
		token->spent--;
}

uint64_t token_ask_wait_ns(const struct token *token, uint64_t now_ns)
{
	struct token copy = *token;

	refill(&copy, now_ns);
	if (copy.spent < ASK_BURST)
		return 0;
	return copy.spent_since_ns + ASK_EVERY_NS - now_ns;
}
