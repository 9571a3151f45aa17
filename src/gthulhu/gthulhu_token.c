/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_token.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "file.h"
#include "gthulhu_messages.h"
#include "jsonr.h"

#define KEY_FILE_MAX (64 * 1024)
#define PASSWORD_FILE_MAX 4096
#define PEM_BEGIN "-----BEGIN PUBLIC KEY-----"
#define PEM_END "-----END PUBLIC KEY-----"
#define DEFAULT_LIFE_NS (3600 * NSEC_PER_SEC)
#define LIFE_MAX_S (366LL * 86400)
#define SHORT_LIFE_NS (50 * 60 * NSEC_PER_SEC)
#define MARGIN_NS (5 * 60 * NSEC_PER_SEC)
#define ASK_BURST 3
#define ASK_EVERY_NS (30 * NSEC_PER_SEC)

/* The block alone: whatever else the file holds is not the server's business. */
static int read_key(const char *path, char **ret, struct err *err)
{
	_cleanup_(buf_free) struct buf key = {0};
	const char *begin, *end;
	int r;

	if (!*path)
		return err_set(err, -EINVAL,
			       "api.public_key_path is not set: give the PEM file of the API "
			       "server's public key, or set api.enabled: false");
	r = buf_read_file(&key, path, KEY_FILE_MAX);
	if (r < 0)
		return err_set(err, r,
			       "public key %s: %s; set api.public_key_path to the API server's "
			       "public_key.pem, or api.enabled: false",
			       path, file_error(r));
	begin = key.data ? strstr(key.data, PEM_BEGIN) : NULL;
	end = begin ? strstr(begin, PEM_END) : NULL;
	if (!end)
		return err_set(err, -EBADMSG,
			       "public key %s: no PEM block \"PUBLIC KEY\"; convert it with openssl "
			       "pkey, or take the server's public_key.pem",
			       path);
	*ret = strndup(begin, (size_t)(end - begin) + strlen(PEM_END));
	return *ret ? 0 : err_oom(err);
}

/* The first line; a password may begin and end with blanks. */
static int read_password(const char *path, struct buf *ret, struct err *err)
{
	int r;

	if (!*path)
		return err_set(err, -EINVAL,
			       "api.password_file is not set: give the file with the password of api.user");
	r = buf_read_file(ret, path, PASSWORD_FILE_MAX);
	if (r < 0)
		return err_set(err, r, "api.password_file %s: %s; give a readable file", path, file_error(r));
	if (ret->data) {
		ret->len = strcspn(ret->data, "\r\n");
		ret->data[ret->len] = '\0';
	}
	if (ret->len == 0)
		return err_set(err, -EBADMSG, "api.password_file %s: its first line is empty", path);
	return 0;
}

static int check_login(const struct credentials *c, struct err *err)
{
	_cleanup_(buf_free) struct buf password = {0};

	if (!*c->user)
		return err_set(err, -EINVAL,
			       "api.user is not set: a manager wants a user and a "
			       "password, see api.password_file");
	return read_password(c->password_path, &password, err);
}

static int check_credentials(struct credentials *c, unsigned protocol, struct err *err)
{
	int r = 0;

	if (protocol == GTHULHU_MANAGER || (protocol == GTHULHU_ANY_PROTOCOL && *c->user))
		r = check_login(c, err);
	if (r == 0 && protocol != GTHULHU_MANAGER)
		r = read_key(c->key_path, &c->public_key, err);
	/* A configuration with a user may have no key. */
	return protocol == GTHULHU_ANY_PROTOCOL && *c->user && !c->public_key && r != -ENOMEM ? check_login(c, err) : r;
}

int credentials_init(struct credentials *ret, const struct gthulhu_options *options, struct err *err)
{
	struct credentials c = {
		.key_path = strdup(options->public_key_path),
		.user = strdup(options->user),
		.password_path = strdup(options->password_file),
	};
	int r;

	if (!c.key_path || !c.user || !c.password_path)
		r = err_oom(err);
	else
		r = check_credentials(&c, options->protocol, err);
	if (r < 0)
		credentials_free(&c);
	else
		*ret = c;
	return r;
}

void credentials_free(struct credentials *c)
{
	free(c->key_path);
	free(c->public_key);
	free(c->user);
	free(c->password_path);
	*c = (struct credentials){0};
}

void credentials_write_key(struct credentials *c, struct buf *out)
{
	char *key;

	if (read_key(c->key_path, &key, NULL) == 0) {
		free(c->public_key);
		c->public_key = key;
	}
	gthulhu_write_token_request(out, c->public_key);
}

int credentials_write_login(const struct credentials *c, struct buf *out, struct buf *ret_password, struct err *err)
{
	int r = read_password(c->password_path, ret_password, err);

	if (r == 0)
		gthulhu_write_login(out, c->user, ret_password->data);
	return r;
}

void credentials_read_password(const struct credentials *c, struct buf *ret)
{
	if (read_password(c->password_path, ret, NULL) < 0)
		buf_free(ret);
}

/* A line of its base64 text is as good as the whole: 384 bits of the modulus. */
bool credentials_is_sample_key(const char *pem)
{
	static const char line[] = "i+IQDfimvarjjZ6Nm368L0Rthv3KOkI5CqRZ6bsVwwBug7GcdkvFs3LiRSKlMBpH";
	_cleanup_(buf_free) struct buf text = {0};

	for (; *pem; pem++) {
		if (!isspace((unsigned char)*pem))
			buf_char(&text, *pem);
	}
	return text.data && strstr(text.data, line);
}

static int base64_digit(char c)
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
		int d = base64_digit(text[i]);

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

static bool read_claim(const json_t *claims, const char *key, int64_t *ret)
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
	ret->has_exp = read_claim(claims, "exp", &ret->exp);
	ret->has_iat = read_claim(claims, "iat", &ret->iat);
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

int token_set(struct token *token, const char *text, int64_t expires_s, const struct token_time *now, struct err *err)
{
	size_t len = strnlen(text, TOKEN_MAX + 1);
	char *copy;

	if (!is_token_text(text, len))
		return err_set(err, -EBADMSG, "the server's token is empty, longer than %d bytes or no token",
			       TOKEN_MAX);
	copy = strdup(text);
	if (!copy)
		return err_oom(err);
	token_drop(token);
	token->text = copy;
	token->refresh_ns = now->boot_ns + token_refresh_after_ns(life_ns(text, expires_s, now->real_ns));
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

static void refill_bucket(struct token *token, uint64_t now_ns)
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
	refill_bucket(token, now_ns);
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

	refill_bucket(&copy, now_ns);
	if (copy.spent < ASK_BURST)
		return 0;
	return copy.spent_since_ns + ASK_EVERY_NS - now_ns;
}
