/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bearer.h"
#include "cleanup.h"
#include "clock.h"
#include "httpd.h"
#include "jsonr.h"
#include "jsonw.h"
#include "keys.h"
#include "listen.h"
#include "log.h"
#include "store.h"

#define TOKEN_BODY_MAX (64 * 1024)
#define STRATEGIES_BODY_MAX (4 * 1024 * 1024)

struct server {
	int listener;
	struct listen_address address;
	struct httpd *httpd;
	struct keys keys;
	struct store store;
	uint64_t token_life_s;
};

static const struct config_option table[] = {
	{"listen", OPTION_STRING, offsetof(struct server_options, listen), "127.0.0.1:8080",
	 .help = "ADDR:PORT; plain HTTP, so keep it on loopback or a private network"},
	{"data", OPTION_STRING, offsetof(struct server_options, data), "/var/lib/teide",
	 .help = "folder of private_key.pem and public_key.pem, made on the first start"},
	{"token_life", OPTION_DURATION, offsetof(struct server_options, token_life_ns), "24h", .min = NSEC_PER_SEC,
	 .max = 366ULL * 86400 * NSEC_PER_SEC, .help = "how long a token is valid"},
	{"request_timeout", OPTION_DURATION, offsetof(struct server_options, request_timeout_ns), "15s",
	 .min = 100 * NSEC_PER_MSEC, .max = 3600 * NSEC_PER_SEC, .help = "how long a client may take over one request"},
	{0},
};

const struct option_section server_section = {
	.name = "server",
	.help = "the embedded API server",
	.options = table,
	.size = sizeof(struct server_options),
};

/* RFC 3339 in UTC, seconds. */
static void add_timestamp(struct jw *j)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(clock_real_ns(), text);
	memcpy(text + strlen("2026-01-02T03:04:05"), "Z", 2);
	jw_string(j, "timestamp", text);
}

static struct jw begin(struct httpd_reply *reply, unsigned status, bool success)
{
	struct jw j = jw_begin(&reply->body);

	reply->status = status;
	reply->content_type = "application/json";
	jw_object(&j, NULL);
	jw_bool(&j, "success", success);
	return j;
}

static void end(struct jw *j)
{
	jw_object_end(j);
	buf_char(j->out, '\n');
}

static void fail(struct httpd_reply *reply, unsigned status, const char *what, const char *detail)
{
	struct jw j = begin(reply, status, false);
	char text[sizeof(((struct err *)0)->text) + 128];

	snprintf(text, sizeof(text), "%s%s", what, detail);
	jw_string(&j, "error", text);
	end(&j);
}

static void succeed(struct httpd_reply *reply, const char *message)
{
	struct jw j = begin(reply, 200, true);

	jw_string(&j, "message", message);
	add_timestamp(&j);
	end(&j);
}

static void refuse(void *data, struct httpd_reply *reply, unsigned status, const char *why)
{
	fail(reply, status, why, "");
}

static bool authorize(void *data, const struct httpd_request *request, struct httpd_reply *reply)
{
	static const char scheme[] = "Bearer ";
	const struct server *s = data;
	struct err err;

	if (!request->authorization || !*request->authorization)
		fail(reply, 401, "Authorization header is required", "");
	else if (strncmp(request->authorization, scheme, strlen(scheme)) != 0)
		fail(reply, 401, "Authorization header must start with 'Bearer '", "");
	else if (bearer_verify(&s->keys, request->authorization + strlen(scheme), clock_real_ns() / NSEC_PER_SEC,
			       &err) < 0)
		fail(reply, 401, "Invalid or expired token: ", err.text);
	else
		return true;
	return false;
}

/* {"public_key": "<PEM>"}; NULL and the reason when it is not that. The string is root's. */
static const char *read_public_key(const json_t *root, const char **ret_reason)
{
	const json_t *key = json_object_get(root, "public_key");

	*ret_reason = "not an object";
	if (!json_is_object(root))
		return NULL;
	*ret_reason = "public_key is not a string";
	if (key && !json_is_string(key) && !json_is_null(key))
		return NULL;
	return json_is_string(key) ? json_string_value(key) : "";
}

static void grant(struct server *s, struct httpd_reply *reply)
{
	_cleanup_free_ char *token = NULL;
	struct err err;
	struct jw j;

	if (bearer_issue(&s->keys, clock_real_ns() / NSEC_PER_SEC, s->token_life_s, &token, &err) < 0) {
		fail(reply, 500, "Failed to generate token: ", err.text);
		return;
	}
	j = begin(reply, 200, true);
	jw_string(&j, "message", "Token generated successfully");
	add_timestamp(&j);
	jw_string(&j, "token", token);
	end(&j);
}

static void post_token(void *data, const struct httpd_request *request, struct httpd_reply *reply)
{
	struct server *s = data;
	json_auto_t *root = NULL;
	const char *key, *reason;
	struct err err;
	int r = jsonr_read(&root, request->body, request->body_len, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &err);

	if (r == -ENOMEM) {
		fail(reply, 500, "Failed to read the request: ", err.text);
		return;
	}
	if (r < 0) {
		fail(reply, 400, "Invalid JSON format: ", request->body_len ? err.text : "EOF");
		return;
	}
	key = read_public_key(root, &reason);
	if (!key)
		fail(reply, 400, "Invalid JSON format: ", reason);
	else if (keys_match(&s->keys, key, &err) < 0)
		fail(reply, 401, "Public key verification failed: public key verification failed: ", err.text);
	else
		grant(s, reply);
}

static void post_strategies(void *data, const struct httpd_request *request, struct httpd_reply *reply)
{
	struct server *s = data;
	struct err err;
	int r = store_replace(&s->store, request->body, request->body_len, &err);

	if (r == -EINVAL || r == -E2BIG) {
		fail(reply, 400, "Invalid request payload: ", err.text);
	} else if (r < 0) {
		fail(reply, 500, "Failed to save scheduling strategies: ", err.text);
	} else {
		log_debug("strategies: %zu entries stored", s->store.len);
		succeed(reply, "Scheduling strategies saved successfully");
	}
}

static void add_cache_headers(const struct store *store, bool hit, struct httpd_reply *reply)
{
	uint64_t all = store->hits + store->misses;

	reply->headers[0].name = "X-Cache-Hit";
	snprintf(reply->headers[0].value, sizeof(reply->headers[0].value), "%s", hit ? "true" : "false");
	reply->headers[1].name = "X-Cache-Stats";
	snprintf(reply->headers[1].value, sizeof(reply->headers[1].value), "hits=%llu,misses=%llu,hit_rate=%.2f%%",
		 (unsigned long long)store->hits, (unsigned long long)store->misses,
		 100.0 * (double)store->hits / (double)all);
}

static void get_strategies(void *data, const struct httpd_request *request, struct httpd_reply *reply)
{
	struct server *s = data;
	struct jw j = begin(reply, 200, true);
	bool hit = s->store.cached;

	jw_string(&j, "message",
		  hit ? "Scheduling strategies retrieved from cache" : "Scheduling strategies retrieved successfully");
	add_timestamp(&j);
	store_write(&s->store, &j, "scheduling");
	end(&j);
	add_cache_headers(&s->store, hit, reply);
}

static void get_health(void *data, const struct httpd_request *request, struct httpd_reply *reply)
{
	struct jw j = jw_begin(&reply->body);

	reply->status = 200;
	reply->content_type = "application/json";
	jw_object(&j, NULL);
	jw_string(&j, "service", "BSS Metrics API Server");
	jw_string(&j, "status", "healthy");
	add_timestamp(&j);
	end(&j);
}

static void get_root(void *data, const struct httpd_request *request, struct httpd_reply *reply)
{
	struct jw j = jw_begin(&reply->body);

	reply->status = 200;
	reply->content_type = "application/json";
	jw_object(&j, NULL);
	jw_string(&j, "message", "teide API server");
	jw_string(&j, "version", TEIDE_VERSION);
	jw_string(&j, "endpoints", "POST /api/v1/auth/token, GET and POST /api/v1/scheduling/strategies, GET /health");
	end(&j);
}

static const struct httpd_route routes[] = {
	{"POST", "/api/v1/auth/token", true, TOKEN_BODY_MAX, post_token},
	{"GET", "/api/v1/scheduling/strategies", false, 0, get_strategies},
	{"POST", "/api/v1/scheduling/strategies", false, STRATEGIES_BODY_MAX, post_strategies},
	{"GET", "/health", true, 0, get_health},
	{"GET", "/", true, 0, get_root},
	{0},
};

int server_start(struct server **ret, struct loop *loop, const struct server_options *options, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	struct httpd_options httpd = {
		.request_timeout_ns = options->request_timeout_ns,
		.routes = routes,
		.authorize = authorize,
		.refuse = refuse,
		.data = s,
	};
	int r;

	if (!s)
		return err_oom(err);
	s->token_life_s = MAX(options->token_life_ns / NSEC_PER_SEC, 1);
	/* First: of a server that cannot listen no key pair stays behind. */
	s->listener = listen_open(options->listen, &s->address, err);
	r = s->listener < 0 ? s->listener : keys_load(&s->keys, options->data, err);
	httpd.listener = s->listener;
	if (r == 0)
		r = httpd_start(&s->httpd, loop, &httpd, err);
	if (r < 0) {
		server_stop(s);
		return r;
	}
	*ret = s;
	return 0;
}

void server_stop(struct server *s)
{
	if (!s)
		return;
	httpd_stop(s->httpd);
	cleanup_close(&s->listener);
	keys_free(&s->keys);
	store_free(&s->store);
	free(s);
}

const char *server_address(const struct server *s)
{
	return s->address.text;
}

const char *server_public_key_path(const struct server *s)
{
	return s->keys.public_path;
}

bool server_is_local(const struct server *s)
{
	return s->address.local;
}
