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
#include "gthulhu_messages.h"
#include "retry.h"
#include "gthulhu_token.h"

enum ask { ASK_WITH_KEY, ASK_WITH_PASSWORD, ASK_WITH_REFRESH_TOKEN };

static const char *const ask_paths[] = {
	[ASK_WITH_KEY] = GTHULHU_TOKEN_PATH,
	[ASK_WITH_PASSWORD] = GTHULHU_LOGIN_PATH,
	[ASK_WITH_REFRESH_TOKEN] = GTHULHU_REFRESH_PATH,
};

struct api_session {
	struct http_client *client;
	struct http_call *call;
	char *base;
	uint64_t timeout_ns;
	struct credentials credentials;
	enum gthulhu_protocol configured, protocol;
	struct token token, refresh; /* a refresh token is good for one use */
	uint64_t tokens;

	/* The exchange under way. */
	enum ask ask;
	struct api_request request; /* its body is the buffer's */
	struct buf body;
	bool reauthenticated;
	api_reply_fn fn;
	void *data;
};

static void ask_token(struct api_session *s, enum ask ask);
static void send_request(struct api_session *s);

bool gthulhu_lacks_right(const struct api_reply *reply)
{
	return reply->status == 403 && !strstr(reply->error ?: "", GTHULHU_PASSWORD_CHANGE);
}

static void end_exchange(struct api_session *s, const struct api_reply *reply)
{
	api_reply_fn fn = s->fn;

	s->fn = NULL;
	fn(s->data, reply);
}

static void fail_exchange(struct api_session *s, int r, const struct http_response *response, const char *error)
{
	struct api_reply reply = {.r = r, .error = error};

	if (response) {
		reply.status = response->status;
		reply.no_route = gthulhu_no_route(response);
		reply.retry_after_ns = response->retry_after_ns;
	} else {
		reply.retry_after_ns = token_ask_wait_ns(&s->token, clock_boot_ns());
	}
	end_exchange(s, &reply);
}

static const char *url_of(const struct api_session *s, const char *path, struct buf *url)
{
	buf_str(url, s->base);
	buf_str(url, path);
	return url->failed ? NULL : url->data;
}

static const char *url_text(const struct api_session *s, const char *path, char text[static HTTP_URL_TEXT_MAX])
{
	_cleanup_(buf_free) struct buf url = {0};

	return http_url_text(url_of(s, path, &url) ?: path, text);
}

/* Managers before refresh tokens answer 500 to a token that has expired or is of another server. */
static bool blames_token(const struct api_session *s, const struct http_response *response)
{
	return response->status == 401 || (s->protocol == GTHULHU_MANAGER && response->status == 500);
}

static bool wants_new_token(const struct api_session *s, const struct http_response *response)
{
	static const struct retry_policy none;
	struct retry_outcome outcome = {.status = 401, .reauthenticated = s->reauthenticated};

	/* A 500 may come of a request that was done all the same. */
	if (response->error || !blames_token(s, response) || (response->status == 500 && s->request.once))
		return false;
	return retry_decide(&none, &outcome, 0).action == RETRY_REAUTH;
}

static enum ask how_to_ask(const struct api_session *s)
{
	if (s->refresh.text)
		return ASK_WITH_REFRESH_TOKEN;
	if (s->protocol == GTHULHU_MANAGER || !s->credentials.public_key)
		return ASK_WITH_PASSWORD;
	return ASK_WITH_KEY;
}

static void on_answer(void *data, const struct http_response *response)
{
	struct api_session *s = data;
	struct api_reply reply = {.status = response->status};
	json_auto_t *root = NULL;
	char text[HTTP_URL_TEXT_MAX];
	struct err err;
	int r;

	s->call = NULL;
	r = gthulhu_check(response, url_text(s, s->request.path, text), s->token.text, &root, &err);
	if (r == 0) {
		reply.root = root;
		end_exchange(s, &reply);
		return;
	}
	if (blames_token(s, response))
		token_drop(&s->token);
	if (wants_new_token(s, response) && token_may_ask(&s->token, clock_boot_ns())) {
		s->reauthenticated = true;
		ask_token(s, how_to_ask(s));
		return;
	}
	fail_exchange(s, r, response, err.text);
}

static enum gthulhu_protocol protocol_of(const struct api_session *s, const struct api_token *token)
{
	if (s->configured != GTHULHU_ANY_PROTOCOL)
		return s->configured;
	if (s->ask != ASK_WITH_KEY)
		return GTHULHU_MANAGER;
	return token->nested ? GTHULHU_DECISION_MAKER : GTHULHU_PID_LIST;
}

static int take_token(struct api_session *s, const json_t *root, struct err *err)
{
	const struct token_time now = {.boot_ns = clock_boot_ns(), .real_ns = clock_real_ns()};
	struct api_token token;
	int r = gthulhu_read_token(root, &token, err);

	if (r == 0)
		r = token_set(&s->token, token.text, token.expires_s, &now, err);
	if (r < 0)
		return r;
	token_drop(&s->refresh);
	if (token.refresh && s->ask != ASK_WITH_KEY)
		token_set(&s->refresh, token.refresh, 0, &now, NULL);
	s->protocol = protocol_of(s, &token);
	s->tokens++;
	return 0;
}

/* The secret of the request, which some servers repeat in their answer. */
static const char *secret_of(const struct api_session *s, struct buf *password)
{
	if (s->ask == ASK_WITH_REFRESH_TOKEN)
		return s->refresh.text;
	if (s->ask == ASK_WITH_PASSWORD)
		credentials_read_password(&s->credentials, password);
	return password->data;
}

static int check_token(struct api_session *s, const struct http_response *response, struct err *err)
{
	_cleanup_(buf_free) struct buf password = {0};
	json_auto_t *root = NULL;
	char text[HTTP_URL_TEXT_MAX];
	int r;

	url_text(s, ask_paths[s->ask], text);
	r = gthulhu_check(response, text, secret_of(s, &password), &root, err);
	if (r == 0) {
		r = take_token(s, root, err);
		if (r < 0)
			err_prefix(err, r, "%s", text);
	} else if (r == -EACCES) {
		err_prefix(err, r,
			   s->ask == ASK_WITH_KEY ? "no token (is api.public_key_path this server's key?)"
						  : "no token (are api.user and api.password_file this server's?)");
	} else if (gthulhu_no_route(response) && !gthulhu_is_json(response)) {
		err_prefix(err, r, "no Gthulhu API at this path (is api.url right? It ends before /api/v1)");
	} else if (gthulhu_no_route(response) && s->ask == ASK_WITH_KEY) {
		err_prefix(err, r, "no token for a key here (a manager wants api.user and api.password_file)");
	} else if (gthulhu_no_route(response)) {
		err_prefix(err, r, "no manager answers (see api.protocol)");
	}
	return r;
}

/* Asks in another way after a refusal: by the password when a refresh token is used up, or when a server that was
 * asked by the key has a login instead. */
static bool ask_otherwise(struct api_session *s, const struct http_response *response)
{
	bool refused = s->ask == ASK_WITH_REFRESH_TOKEN && response->status >= 400 && response->status < 500;
	bool manager = s->ask == ASK_WITH_KEY && s->configured == GTHULHU_ANY_PROTOCOL && *s->credentials.user &&
		       gthulhu_no_route(response) && gthulhu_is_json(response);

	if (refused)
		token_drop(&s->refresh);
	if ((!refused && !manager) || !token_may_ask(&s->token, clock_boot_ns()))
		return false;
	ask_token(s, ASK_WITH_PASSWORD);
	return true;
}

/* The request was made for the protocol before. */
static bool has_changed(const struct api_session *s, enum gthulhu_protocol before)
{
	return s->request.method && before != GTHULHU_ANY_PROTOCOL && s->protocol != before;
}

static void send_or_end(struct api_session *s)
{
	if (s->request.method)
		send_request(s);
	else
		end_exchange(s, &(struct api_reply){.r = 0});
}

static void on_token(void *data, const struct http_response *response)
{
	struct api_session *s = data;
	enum gthulhu_protocol before = s->protocol;
	struct err err;
	int r;

	s->call = NULL;
	if (response->status == 0)
		token_not_asked(&s->token);
	r = check_token(s, response, &err);
	if (r < 0 && ask_otherwise(s, response))
		return;
	if (r == 0 && has_changed(s, before))
		fail_exchange(s, -EAGAIN, NULL, "the server speaks another API now");
	/* A refresh before the end may fail while the old token still serves. */
	else if (r == 0 || s->token.text)
		send_or_end(s);
	else
		fail_exchange(s, r, response, err.text);
}

static void start_exchange(struct api_session *s, const struct http_request *request, http_done_fn fn)
{
	s->call = request->url ? http_client_start(s->client, request, fn, s) : NULL;
	if (!s->call)
		fail_exchange(s, -ENOMEM, NULL, "out of memory");
}

static int write_ask(struct api_session *s, struct buf *body, struct err *err)
{
	_cleanup_(buf_free) struct buf password = {0};

	if (s->ask == ASK_WITH_PASSWORD)
		return credentials_write_login(&s->credentials, body, &password, err);
	if (s->ask == ASK_WITH_KEY)
		credentials_write_key(&s->credentials, body);
	else
		gthulhu_write_refresh(body, s->refresh.text);
	return 0;
}

static void ask_token(struct api_session *s, enum ask ask)
{
	static const char *const headers[] = {"Content-Type: application/json", NULL};
	_cleanup_(buf_free) struct buf body = {0};
	_cleanup_(buf_free) struct buf url = {0};
	struct err err;
	int r;

	s->ask = ask;
	r = write_ask(s, &body, &err);
	if (r < 0) {
		fail_exchange(s, r, NULL, err.text);
		return;
	}
	start_exchange(s,
		       &(struct http_request){
			       .method = "POST",
			       .url = body.failed ? NULL : url_of(s, ask_paths[ask], &url),
			       .headers = headers,
			       .body = body.data,
			       .body_len = body.len,
			       .timeout_ns = s->timeout_ns,
			       .once = ask == ASK_WITH_REFRESH_TOKEN,
		       },
		       on_token);
}

static void send_request(struct api_session *s)
{
	_cleanup_(buf_free) struct buf bearer = {0};
	_cleanup_(buf_free) struct buf url = {0};
	const char *headers[] = {NULL, s->request.body ? "Content-Type: application/json" : NULL, NULL};

	buf_printf(&bearer, "Authorization: Bearer %s", s->token.text);
	headers[0] = bearer.data;
	start_exchange(s,
		       &(struct http_request){
			       .method = s->request.method,
			       .url = bearer.failed ? NULL : url_of(s, s->request.path, &url),
			       .headers = headers,
			       .body = s->request.body,
			       .body_len = s->body.len,
			       .timeout_ns = s->timeout_ns,
			       .once = s->request.once,
		       },
		       on_answer);
}

static bool take_request(struct api_session *s, const struct api_request *request)
{
	s->request = *request;
	buf_reset(&s->body);
	if (request->body)
		buf_str(&s->body, request->body);
	s->request.body = request->body ? s->body.data : NULL;
	return !s->body.failed;
}

void api_session_call(struct api_session *s, const struct api_request *request, api_reply_fn fn, void *data)
{
	uint64_t now = clock_boot_ns();

	api_session_cancel(s);
	s->fn = fn;
	s->data = data;
	s->reauthenticated = false;
	if (!take_request(s, request)) {
		fail_exchange(s, -ENOMEM, NULL, "out of memory");
	} else if (token_is_due(&s->token, now) && token_may_ask(&s->token, now)) {
		s->reauthenticated = true;
		ask_token(s, how_to_ask(s));
	} else if (s->token.text) {
		send_or_end(s);
	} else {
		fail_exchange(s, -EAGAIN, NULL, "the server refuses its own tokens; waiting to ask again");
	}
}

void api_session_cancel(struct api_session *s)
{
	http_call_cancel(TAKE_PTR(s->call));
	s->fn = NULL;
}

int api_session_new(struct api_session **ret, struct loop *loop, const struct gthulhu_options *options, struct err *err)
{
	struct http_client_options http = {options->ca_file, options->cert_file, options->key_file};
	struct api_session *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_oom(err);
	s->timeout_ns = options->timeout_ns;
	s->configured = s->protocol = options->protocol;
	if ((r = gthulhu_base_url(options->url, &s->base, err)) < 0 ||
	    (r = credentials_init(&s->credentials, options, err)) < 0 ||
	    (r = http_client_new(&s->client, loop, &http, err)) < 0) {
		api_session_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void api_session_free(struct api_session *s)
{
	if (!s)
		return;
	api_session_cancel(s);
	http_client_free(s->client);
	token_drop(&s->token);
	token_drop(&s->refresh);
	buf_free(&s->body);
	free(s->base);
	credentials_free(&s->credentials);
	free(s);
}

uint64_t api_session_tokens(const struct api_session *s)
{
	return s->tokens;
}

enum gthulhu_protocol api_session_protocol(const struct api_session *s)
{
	return s->protocol;
}

bool api_session_assume(struct api_session *s, enum gthulhu_protocol protocol)
{
	if (s->configured != GTHULHU_ANY_PROTOCOL)
		return false;
	s->protocol = protocol;
	return true;
}

void api_session_forget(struct api_session *s)
{
	token_drop(&s->token);
	token_drop(&s->refresh);
	s->protocol = s->configured;
}

bool api_session_has_sample_key(const struct api_session *s)
{
	return s->credentials.public_key && credentials_is_sample_key(s->credentials.public_key);
}
