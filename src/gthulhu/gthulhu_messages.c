/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_messages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "jsonr.h"
#include "jsonw.h"

#define SERVER_TEXT_MAX 200

int gthulhu_base_url(const char *url, char **ret, struct err *err)
{
	char text[HTTP_URL_TEXT_MAX];
	const char *host = strncasecmp(url, "http://", 7) == 0	  ? url + 7
			   : strncasecmp(url, "https://", 8) == 0 ? url + 8
								  : NULL;
	const char *end;
	size_t len;

	if (!host || strcspn(host, "/?#") == 0 || strpbrk(host, " \t\r\n"))
		return err_set(err, -EINVAL, "api.url '%s': want http://HOST:PORT or https://...",
			       http_url_text(url, text));
	end = strstr(host, "/api/v1");
	len = end ? (size_t)(end - url) : strlen(url);
	while (url[len - 1] == '/')
		len--;
	*ret = strndup(url, len);
	return *ret ? 0 : err_oom(err);
}

void gthulhu_write_token_request(struct buf *out, const char *public_key)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	jw_string(&j, "public_key", public_key);
	jw_object_end(&j);
}

void gthulhu_write_login(struct buf *out, const char *user, const char *password)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	jw_string(&j, "username", user);
	jw_string(&j, "password", password);
	jw_object_end(&j);
}

void gthulhu_write_refresh(struct buf *out, const char *refresh_token)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	jw_string(&j, "refreshToken", refresh_token);
	jw_object_end(&j);
}

void gthulhu_write_list(struct buf *out, const struct strategy_list *list)
{
	struct jw j = jw_begin(out);

	jw_object(&j, NULL);
	jw_array(&j, "strategies");
	for (size_t i = 0; i < list->len; i++) {
		jw_object(&j, NULL);
		jw_i64(&j, "pid", list->items[i].pid);
		jw_bool(&j, "priority", list->items[i].priority);
		jw_u64(&j, "execution_time", list->items[i].execution_time_ns);
		jw_object_end(&j);
	}
	jw_array_end(&j);
	jw_object_end(&j);
}

/* Either end of the secret is enough: the text may have been cut. */
static bool repeats(const char *text, const char *secret)
{
	char end[17];
	size_t len = secret ? strlen(secret) : 0;

	if (strstr(text, "-----BEGIN"))
		return true;
	if (len < 16)
		return len > 0 && strstr(text, secret);
	snprintf(end, sizeof(end), "%s", secret);
	return strstr(text, end) || strstr(text, secret + len - 16);
}

static const char *server_text(const json_t *root, const char *secret, char text[static SERVER_TEXT_MAX])
{
	const char *said = json_string_value(json_object_get(root, "error"));
	size_t n = 0;

	if (!said)
		said = json_string_value(json_object_get(root, "message"));
	if (!said || !*said)
		return "no reason given";
	if (repeats(said, secret))
		return "the reason is withheld: it repeats what is secret";
	for (; *said && n + 1 < SERVER_TEXT_MAX; said++)
		text[n++] = *said >= 0x20 && *said < 0x7f ? *said : '?';
	text[n] = '\0';
	return text;
}

static int refused(int status, const json_t *root, const char *url, const char *secret, struct err *err)
{
	char said[SERVER_TEXT_MAX], text[SERVER_TEXT_MAX];

	if (status >= 300 && status < 400)
		return err_set(err, -EPROTO,
			       "%s: redirected (%d), which is not followed; set api.url to where "
			       "the server is",
			       url, status);
	snprintf(text, sizeof(text), "%s", server_text(root, secret, said));
	return err_set(err, status == 401 ? -EACCES : -EPROTO, "%s: %d: %s%s", url, status, text,
		       strstr(text, GTHULHU_PASSWORD_CHANGE)
			       ? ": sign in at the manager as api.user, change the password, and write it into "
				 "api.password_file"
			       : "");
}

/* What the TLS library says names no option. */
static const struct {
	const char *text, *advice;
} tls_advice[] = {
	{"certificate required", "the server wants a client certificate: api.cert_file and api.key_file"},
	{"unknown ca", "the server does not trust the CA of api.cert_file"},
	{"getpeername", "the server ended the connection: does it trust the CA of api.cert_file?"},
	{"bad certificate", "the server does not take api.cert_file"},
	{"private key", "api.key_file is not the key of api.cert_file"},
	{"unable to get local issuer certificate", "give api.ca_file the CA of the server's certificate"},
	{"self-signed certificate", "give api.ca_file the CA of the server's certificate"},
	{"self signed certificate", "give api.ca_file the CA of the server's certificate"},
	{"wrong version number", "the server speaks http, not https: see api.url"},
};

static int connection_failed(const char *error, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(tls_advice); i++)
		if (strcasestr(error, tls_advice[i].text))
			return err_set(err, -EIO, "%s (%s)", error, tls_advice[i].advice);
	return err_set(err, -EIO, "%s", error);
}

int gthulhu_check(const struct http_response *response, const char *url, const char *secret, json_t **ret,
		  struct err *err)
{
	json_auto_t *root = NULL;
	char text[SERVER_TEXT_MAX];
	struct err why;
	int r;

	if (response->error)
		return connection_failed(response->error, err);
	r = jsonr_read(&root, response->body, response->body_len, 0, &why);
	if (response->status != 200)
		return refused(response->status, root, url, secret, err);
	if (r == -E2BIG || r == -ENOMEM)
		return err_set(err, r, "%s: the answer: %s", url, why.text);
	if (!json_is_object(root))
		return err_set(err, -EBADMSG, "%s: the answer is not a JSON object; is this an API server?", url);
	if (!json_is_true(json_object_get(root, "success")))
		return err_set(err, -EPROTO, "%s: the server reports failure: %s", url,
			       server_text(root, secret, text));
	*ret = TAKE_PTR(root);
	return 0;
}

bool gthulhu_is_json(const struct http_response *response)
{
	json_auto_t *root = NULL;

	return jsonr_read(&root, response->body, response->body_len, 0, NULL) == 0 && json_is_object(root);
}

bool gthulhu_no_route(const struct http_response *response)
{
	json_auto_t *root = NULL;

	if (response->status != 404 && response->status != 405)
		return false;
	jsonr_read(&root, response->body, response->body_len, 0, NULL);
	return !json_is_string(json_object_get(root, "error"));
}

int gthulhu_read_token(const json_t *root, struct api_token *ret, struct err *err)
{
	const json_t *data = json_object_get(root, "data");
	const json_t *from = json_object_get(data, "token") ? data : root;

	*ret = (struct api_token){
		.text = json_string_value(json_object_get(from, "token")),
		.refresh = json_string_value(json_object_get(from, "refreshToken")),
		.expires_s = json_integer_value(json_object_get(from, "expired_at")),
		.nested = from == data,
	};
	return ret->text ? 0 : err_set(err, -EBADMSG, "the server's answer carries no token");
}

static int read_entry(const json_t *object, struct strategy *ret)
{
	const json_t *pid = json_object_get(object, "pid");
	const json_t *priority = json_object_get(object, "priority");
	const json_t *time = json_object_get(object, "execution_time");

	if (!json_is_integer(pid) || json_integer_value(pid) < INT32_MIN || json_integer_value(pid) > INT32_MAX)
		return -EBADMSG;
	if (!json_is_boolean(priority) && !json_is_integer(priority) && priority)
		return -EBADMSG;
	if (!json_is_integer(time) || json_integer_value(time) < 0)
		return -EBADMSG;
	*ret = (struct strategy){
		.pid = (int32_t)json_integer_value(pid),
		.priority = json_is_true(priority) || json_integer_value(priority) > 0,
		.execution_time_ns = (uint64_t)json_integer_value(time),
	};
	return 0;
}

int gthulhu_read_list(const json_t *root, struct strategy_list *ret, struct err *err)
{
	const json_t *list = json_object_get(root, "scheduling"), *object;
	struct strategy entry;
	size_t i;
	int r;

	if (list && !json_is_array(list) && !json_is_null(list))
		return err_set(err, -EBADMSG, "the server's answer carries no list of strategies");
	json_array_foreach(list, i, object) {
		if (read_entry(object, &entry) < 0)
			return err_set(err, -EBADMSG, "the server's strategy %zu is malformed", i);
		r = strategy_list_put(ret, entry);
		if (r < 0)
			return err_set(err, r, "the server holds more than %d strategies", STRATEGY_MAX);
	}
	return 0;
}
