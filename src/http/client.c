/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "client.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "file.h"

#define CONNECTIONS_KEPT 4
#define RETRY_AFTER_MAX_S 86400

struct http_call {
	struct http_client *client;
	struct http_call *prev, *next;
	CURL *easy;
	struct curl_slist *headers;
	http_done_fn fn;
	void *data;
	struct buf body;
	bool too_large;
	int64_t date;
	char error[CURL_ERROR_SIZE];
	char url[HTTP_URL_TEXT_MAX];
};

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct loop_source *timer;
	struct http_call *calls;
	char *ca_file, *cert_file, *key_file; /* owned; NULL: none */
	unsigned dispatching;
	bool freed; /* by a callback; memory goes when the dispatch ends */
};

const char *http_url_text(const char *url, char text[static HTTP_URL_TEXT_MAX])
{
	const char *scheme_end = strstr(url, "://");
	const char *host = scheme_end ? scheme_end + 3 : url;
	size_t authority = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', authority);
	const char *rest = at ? at + 1 : host;

	snprintf(text, HTTP_URL_TEXT_MAX, "%.*s%.*s", (int)MIN(host - url, 16), url,
		 (int)MIN(strcspn(rest, "?#"), (size_t)200), rest);
	return text;
}

static void call_free(struct http_call *call)
{
	struct http_client *client = call->client;

	if (call->easy) {
		curl_multi_remove_handle(client->multi, call->easy);
		curl_easy_cleanup(call->easy);
	}
	curl_slist_free_all(call->headers);
	if (call->prev)
		call->prev->next = call->next;
	else if (client->calls == call)
		client->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	buf_free(&call->body);
	free(call);
}

void http_call_cancel(struct http_call *call)
{
	if (call)
		call_free(call);
}

static const char *describe_failure(const struct http_call *call, CURLcode code, char *text, size_t len)
{
	if (call->too_large)
		snprintf(text, len, "%s: the answer is longer than %d bytes: not an API server's", call->url,
			 HTTP_BODY_MAX);
	else if (code == CURLE_OUT_OF_MEMORY && !call->body.failed)
		/* libcurl before 8.6 says "out of memory" of a header line of more than 100 kB, too. */
		snprintf(text, len,
			 "%s: out of memory, or a header line of the answer is too long: not an API "
			 "server's",
			 call->url);
	else
		snprintf(text, len, "%s: %s", call->url, call->error[0] ? call->error : curl_easy_strerror(code));
	return text;
}

static void complete_call(struct http_call *call, CURLcode code)
{
	struct http_response response = {0};
	char text[HTTP_URL_TEXT_MAX + CURL_ERROR_SIZE + 4];
	struct buf body = call->body;
	http_done_fn fn = call->fn;
	curl_off_t retry_after = 0;
	void *data = call->data;
	long status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &retry_after);
	if (code != CURLE_OK || body.failed)
		response.error = describe_failure(call, body.failed ? CURLE_OUT_OF_MEMORY : code, text, sizeof(text));
	else
		response.status = (int)status;
	response.date = call->date;
	response.body = body.data && !response.error ? body.data : "";
	response.body_len = body.data && !response.error ? body.len : 0;
	if (retry_after > 0)
		response.retry_after_ns = (uint64_t)MIN(retry_after, RETRY_AFTER_MAX_S) * NSEC_PER_SEC;
	call->body = (struct buf){0};
	call_free(call);
	fn(data, &response);
	buf_free(&body);
}

static void destroy_client(struct http_client *client)
{
	curl_multi_cleanup(client->multi);
	loop_remove(client->timer);
	free(client->ca_file);
	free(client->cert_file);
	free(client->key_file);
	free(client);
}

static void run_multi(struct http_client *client, curl_socket_t fd, int events)
{
	CURLMsg *message;
	int running, left;

	client->dispatching++;
	curl_multi_socket_action(client->multi, fd, events, &running);
	while (!client->freed && (message = curl_multi_info_read(client->multi, &left))) {
		struct http_call *call = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		complete_call(call, code);
	}
	client->dispatching--;
	if (client->freed && client->dispatching == 0)
		destroy_client(client);
}

static void on_timer(void *data)
{
	run_multi(data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_io(void *data, int fd, uint32_t events)
{
	int mask = 0;

	if (events & EPOLLIN)
		mask |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		mask |= CURL_CSELECT_ERR;
	run_multi(data, fd, mask);
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
	struct http_client *client = data;
	struct loop_source *source = socket_data;
	uint32_t events = 0;

	if (what == CURL_POLL_REMOVE) {
		loop_remove(source);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	if (source)
		return loop_change_io(source, events) < 0 ? -1 : 0;
	source = loop_add_io(client->loop, fd, events, on_io, client);
	if (!source)
		return -1;
	if (curl_multi_assign(client->multi, fd, source) == CURLM_OK)
		return 0;
	loop_remove(source);
	return -1;
}

static int timer_changed(CURLM *multi, long timeout_ms, void *data)
{
	struct http_client *client = data;
	/* 0 means "now", but not from within this call. */
	uint64_t ns = timeout_ms > 0 ? (uint64_t)timeout_ms * NSEC_PER_MSEC : 1;

	return loop_set_timer(client->timer, timeout_ms < 0 ? 0 : ns, 0) < 0 ? -1 : 0;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *data)
{
	struct http_call *call = data;

	if (call->body.len + size * n > HTTP_BODY_MAX) {
		call->too_large = true;
		return 0;
	}
	buf_add(&call->body, bytes, size * n);
	return size * n;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *data)
{
	static const char name[] = "date:";
	struct http_call *call = data;
	char text[64];
	time_t date;

	if (size * n <= strlen(name) || size * n - strlen(name) >= sizeof(text) ||
	    strncasecmp(bytes, name, strlen(name)))
		return size * n;
	memcpy(text, bytes + strlen(name), size * n - strlen(name));
	text[size * n - strlen(name)] = '\0';
	date = curl_getdate(text, NULL);
	call->date = date > 0 ? date : 0;
	return size * n;
}

static int check_file(const char *what, const char *path, struct err *err)
{
	_cleanup_close_ int fd = -1;

	if (!path || !*path)
		return 0;
	/* libcurl would wait for a FIFO's writer, and the loop with it. */
	fd = file_open(AT_FDCWD, path, 0);
	if (fd >= 0)
		return 0;
	return err_set(err, fd, "%s %s: %s; give a readable PEM file", what, path, file_error(fd));
}

/* False when out of memory, which must not pass for "none given". */
static bool copy_if_set(char **ret, const char *s)
{
	*ret = s && *s ? strdup(s) : NULL;
	return *ret || !s || !*s;
}

#define SET_MULTI(multi, option, value) (curl_multi_setopt(multi, option, value) == CURLM_OK)

static bool init_client(struct http_client *client, const struct http_client_options *options)
{
	client->timer = loop_add_timer(client->loop, 0, 0, on_timer, client);
	client->multi = curl_multi_init();
	return client->timer && client->multi && copy_if_set(&client->ca_file, options->ca_file) &&
	       copy_if_set(&client->cert_file, options->cert_file) &&
	       copy_if_set(&client->key_file, options->key_file) &&
	       SET_MULTI(client->multi, CURLMOPT_SOCKETFUNCTION, socket_changed) &&
	       SET_MULTI(client->multi, CURLMOPT_SOCKETDATA, client) &&
	       SET_MULTI(client->multi, CURLMOPT_TIMERFUNCTION, timer_changed) &&
	       SET_MULTI(client->multi, CURLMOPT_TIMERDATA, client) &&
	       SET_MULTI(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
}

int http_client_new(struct http_client **ret, struct loop *loop, const struct http_client_options *options,
		    struct err *err)
{
	struct http_client *client;
	int r;

	if ((r = check_file("CA file", options->ca_file, err)) < 0 ||
	    (r = check_file("client certificate", options->cert_file, err)) < 0 ||
	    (r = check_file("client key", options->key_file, err)) < 0)
		return r;
	client = calloc(1, sizeof(*client));
	if (!client)
		return err_oom(err);
	client->loop = loop;
	if (!init_client(client, options)) {
		destroy_client(client);
		return err_set(err, -ENOMEM, "HTTP client: out of memory or descriptors");
	}
	*ret = client;
	return 0;
}

void http_client_free(struct http_client *client)
{
	if (!client || client->freed)
		return;
	while (client->calls)
		call_free(client->calls);
	client->freed = true;
	if (client->dispatching == 0)
		destroy_client(client);
}

/* Every one matters: without its CA file a call would trust the system's. */
#define SET(easy, option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

/* CURLOPT_PROTOCOLS_STR came with 7.85, which deprecated its predecessor. */
static bool allow_http_only(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	return SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	return SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static bool set_tls(struct http_client *client, CURL *easy)
{
	return (!client->ca_file || SET(easy, CURLOPT_CAINFO, client->ca_file)) &&
	       (!client->cert_file || SET(easy, CURLOPT_SSLCERT, client->cert_file)) &&
	       (!client->key_file || SET(easy, CURLOPT_SSLKEY, client->key_file));
}

/* Else a call that ends while its name is looked up waits for the resolver, and the loop too. */
static bool quit_quickly(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
	return SET(easy, CURLOPT_QUICK_EXIT, 1L);
#else
	return true;
#endif
}

static bool add_header(struct http_call *call, const char *header)
{
	struct curl_slist *list = curl_slist_append(call->headers, header);

	if (list)
		call->headers = list;
	return list != NULL;
}

static bool set_request(struct http_call *call, const struct http_request *request)
{
	CURL *easy = call->easy;
	uint64_t timeout_ms = MAX(request->timeout_ns / NSEC_PER_MSEC, 1);

	for (size_t i = 0; request->headers && request->headers[i]; i++)
		if (!add_header(call, request->headers[i]))
			return false;
	/* Waiting for "100 Continue" costs a second with servers that do not know it. */
	if (!add_header(call, "Expect:"))
		return false;
	return (!request->body || (SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len) &&
				   SET(easy, CURLOPT_COPYPOSTFIELDS, request->body))) &&
	       SET(easy, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L) &&
	       SET(easy, CURLOPT_CUSTOMREQUEST, request->method) && SET(easy, CURLOPT_HTTPHEADER, call->headers) &&
	       SET(easy, CURLOPT_TIMEOUT_MS, (long)MIN(timeout_ms, 86400000)) && SET(easy, CURLOPT_URL, request->url);
}

static bool set_fixed(struct http_call *call)
{
	CURL *easy = call->easy;

	return SET(easy, CURLOPT_PRIVATE, call) && SET(easy, CURLOPT_ERRORBUFFER, call->error) &&
	       SET(easy, CURLOPT_WRITEFUNCTION, take_body) && SET(easy, CURLOPT_WRITEDATA, call) &&
	       SET(easy, CURLOPT_HEADERFUNCTION, take_header) && SET(easy, CURLOPT_HEADERDATA, call) &&
	       SET(easy, CURLOPT_FOLLOWLOCATION, 0L) && SET(easy, CURLOPT_PROXY, "") &&
	       SET(easy, CURLOPT_NOSIGNAL, 1L) && SET(easy, CURLOPT_USERAGENT, "teide") && quit_quickly(easy) &&
	       allow_http_only(easy) && set_tls(call->client, easy);
}

struct http_call *http_client_start(struct http_client *client, const struct http_request *request, http_done_fn fn,
				    void *data)
{
	struct http_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	*call = (struct http_call){.client = client, .fn = fn, .data = data};
	http_url_text(request->url, call->url);
	call->easy = curl_easy_init();
	if (!call->easy || !set_fixed(call) || !set_request(call, request) ||
	    curl_multi_add_handle(client->multi, call->easy) != CURLM_OK)
		goto fail;
	call->next = client->calls;
	if (call->next)
		call->next->prev = call;
	client->calls = call;
	return call;
fail:
	call_free(call);
	return NULL;
}
