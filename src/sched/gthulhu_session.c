/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "client.h"
#include "clock.h"
#include "gthulhu_wire.h"
#include "retry.h"
#include "token.h"

#define KEY_FILE_MAX (64 * 1024)
#define PEM_BEGIN "-----BEGIN PUBLIC KEY-----"
#define PEM_END "-----END PUBLIC KEY-----"

struct session {
	struct http_client *client;
	struct http_call *call;
	char *base;
	char *key_path, *public_key;
	uint64_t timeout_ns;
	struct token token;
	uint64_t tokens;

	/* The exchange under way. */
	const char *method; /* borrowed: a literal */
	const char *path;
	struct buf body;
	bool has_body;
	bool reauthenticated;
	session_fn fn;
	void *data;
};

static void ask_token(struct session *s);
static void send_request(struct session *s);

static void finish(struct session *s, const struct session_reply *reply)
{
	session_fn fn = s->fn;

	s->fn = NULL;
	fn(s->data, reply);
}

static void fail(struct session *s, int r, const struct http_response *response, const char *error)
{
	struct session_reply reply = {.r = r, .error = error};

	if (response) {
		reply.status = response->status;
		reply.retry_after_ns = response->retry_after_ns;
	} else {
		reply.retry_after_ns = token_ask_wait_ns(&s->token, clock_boot_ns());
	}
	finish(s, &reply);
}

static const char *url_of(const struct session *s, const char *path, struct buf *url)
{
	buf_str(url, s->base);
	buf_str(url, path);
	return url->failed ? NULL : url->data;
}

static bool wants_new_token(const struct session *s, const struct http_response *response)
{
	static const struct retry_policy none;
	struct retry_outcome outcome = {.status = response->status,
					.reauthenticated = s->reauthenticated};

	return !response->error && retry_decide(&none, &outcome, 0).action == RETRY_REAUTH;
}

static void on_answer(void *data, const struct http_response *response)
{
	_cleanup_(buf_free) struct buf url = {0};
	struct session *s = data;
	struct session_reply reply = {.status = response->status};
	json_auto_t *root = NULL;
	char text[HTTP_URL_TEXT_MAX];
	struct err err;
	int r;

	s->call = NULL;
	r = gthulhu_check(response, http_url_text(url_of(s, s->path, &url) ?: s->path, text),
			  s->token.text, &root, &err);
	if (r == 0) {
		reply.root = root;
		finish(s, &reply);
		return;
	}
	if (response->status == 401)
		token_drop(&s->token);
	if (wants_new_token(s, response) && token_may_ask(&s->token, clock_boot_ns())) {
		s->reauthenticated = true;
		ask_token(s);
		return;
	}
	fail(s, r, response, err.text);
}

static int take_token(struct session *s, const struct http_response *response, struct err *err)
{
	_cleanup_(buf_free) struct buf url = {0};
	json_auto_t *root = NULL;
	char text[HTTP_URL_TEXT_MAX];
	const char *token;
	int r;

	http_url_text(url_of(s, GTHULHU_TOKEN_PATH, &url) ?: s->path, text);
	r = gthulhu_check(response, text, NULL, &root, err);
	if (r == 0) {
		r = gthulhu_read_token(root, &token, err);
		if (r == 0)
			r = token_set(&s->token, token, clock_boot_ns(), clock_real_ns(), err);
		if (r < 0)
			err_prefix(err, r, "%s: ", text);
	}
	if (r == 0)
		s->tokens++;
	if (r == -EACCES)
		err_prefix(err, r, "no token: api.public_key_path is not this server's key? ");
	return r;
}

static void on_token(void *data, const struct http_response *response)
{
	struct session *s = data;
	struct err err;
	int r;

	s->call = NULL;
	if (response->status == 0)
		token_not_asked(&s->token);
	r = take_token(s, response, &err);
	/* A refresh before the end may fail while the old token still serves. */
	if (r == 0 || s->token.text)
		send_request(s);
	else
		fail(s, r, response, err.text);
}

static void start(struct session *s, const struct http_request *request, http_done_fn fn)
{
	s->call = request->url ? http_client_start(s->client, request, fn, s) : NULL;
	if (!s->call)
		fail(s, -ENOMEM, NULL, "out of memory");
}

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
			       path, err_name(r));
	begin = key.data ? strstr(key.data, PEM_BEGIN) : NULL;
	end = begin ? strstr(begin, PEM_END) : NULL;
	if (!end)
		return err_set(err, -EBADMSG,
			       "public key %s: no PEM block \"PUBLIC KEY\"; convert it with openssl "
			       "pkey, or take the server's public_key.pem",
			       path);
	*ret = strndup(begin, (size_t)(end - begin) + strlen(PEM_END));
	return *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* The server may have made itself another pair since: an unreadable file leaves the key as it was. */
static void reread_key(struct session *s)
{
	char *key;

	if (read_key(s->key_path, &key, NULL) < 0)
		return;
	free(s->public_key);
	s->public_key = key;
}

static void ask_token(struct session *s)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	_cleanup_(buf_free) struct buf url = {0}, body = {0};

	reread_key(s);
	gthulhu_write_token_request(&body, s->public_key);
	start(s,
	      &(struct http_request){
		      .method = "POST",
		      .url = body.failed ? NULL : url_of(s, GTHULHU_TOKEN_PATH, &url),
		      .headers = headers,
		      .body = body.data,
		      .body_len = body.len,
		      .timeout_ns = s->timeout_ns,
	      },
	      on_token);
}

static void send_request(struct session *s)
{
	_cleanup_(buf_free) struct buf url = {0}, bearer = {0};
	const char *headers[] = {NULL, s->has_body ? "Content-Type: application/json" : NULL, NULL};

	buf_printf(&bearer, "Authorization: Bearer %s", s->token.text);
	headers[0] = bearer.data;
	start(s,
	      &(struct http_request){
		      .method = s->method,
		      .url = bearer.failed ? NULL : url_of(s, s->path, &url),
		      .headers = headers,
		      .body = s->has_body ? s->body.data : NULL,
		      .body_len = s->body.len,
		      .timeout_ns = s->timeout_ns,
	      },
	      on_answer);
	if (bearer.data)
		explicit_bzero(bearer.data, bearer.len);
}

void session_call(struct session *s, const char *method, const char *path, const char *body,
		  session_fn fn, void *data)
{
	uint64_t now = clock_boot_ns();

	session_cancel(s);
	s->method = method;
	s->path = path;
	s->fn = fn;
	s->data = data;
	s->reauthenticated = false;
	s->has_body = body != NULL;
	buf_reset(&s->body);
	if (body)
		buf_str(&s->body, body);
	if (s->body.failed) {
		fail(s, -ENOMEM, NULL, "out of memory");
	} else if (token_is_due(&s->token, now) && token_may_ask(&s->token, now)) {
		s->reauthenticated = true;
		ask_token(s);
	} else if (s->token.text) {
		send_request(s);
	} else {
		fail(s, -EAGAIN, NULL, "the server refuses its own tokens; waiting to ask again");
	}
}

void session_cancel(struct session *s)
{
	http_call_cancel(TAKE_PTR(s->call));
	s->fn = NULL;
}

int session_new(struct session **ret, struct loop *loop, const struct gthulhu_options *options,
		struct err *err)
{
	struct http_client_options http = {options->ca_file, options->cert_file, options->key_file};
	struct session *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	s->timeout_ns = options->timeout_ns;
	s->key_path = strdup(options->public_key_path);
	if (!s->key_path) {
		session_free(s);
		return err_set(err, -ENOMEM, "out of memory");
	}
	if ((r = gthulhu_base_url(options->url, &s->base, err)) < 0 ||
	    (r = read_key(options->public_key_path, &s->public_key, err)) < 0 ||
	    (r = http_client_new(&s->client, loop, &http, err)) < 0) {
		session_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	session_cancel(s);
	http_client_free(s->client);
	token_drop(&s->token);
	buf_free(&s->body);
	free(s->base);
	free(s->key_path);
	free(s->public_key);
	free(s);
}

uint64_t session_tokens(const struct session *s)
{
	return s->tokens;
}
