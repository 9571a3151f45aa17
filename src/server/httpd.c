/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "httpd.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "clock.h"
#include "framing.h"
#include "peers.h"

#define IDLE_NS (60 * NSEC_PER_SEC) /* as Gthulhu's server has it */
#define ACCEPT_MAX 32		    /* connections taken in one turn of the loop */
#define ACCEPT_PAUSE_NS (100 * NSEC_PER_MSEC)

struct httpd {
	struct httpd_options options;
	struct MHD_Daemon *daemon;
	struct loop_source *listener, *pause, *io, *timer, *sweep;
	struct peers peers;
};

/* One request, from its header's end to the end of its answer. */
struct exchange {
	const struct httpd_route *route; /* NULL: the reply is decided already */
	struct httpd_reply reply;
	struct buf body;
	bool too_large;
};

static void exchange_free(struct exchange *x)
{
	buf_free(&x->reply.body);
	buf_free(&x->body);
	free(x);
}

static struct peer *peer_of(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void set_busy(struct peer *peer, bool busy, uint64_t deadline_from_now_ns)
{
	if (!peer)
		return;
	peer->busy = busy;
	peer->since_ns = clock_boot_ns();
	peer->deadline_ns = peer->since_ns + deadline_from_now_ns;
}

static void not_found(struct httpd_reply *reply)
{
	reply->status = MHD_HTTP_NOT_FOUND;
	reply->content_type = "text/plain; charset=utf-8";
	buf_str(&reply->body, "404 page not found\n");
}

/* Decides by the header alone: what needs no body is never read into memory. */
static void open_exchange(struct httpd *h, struct exchange *x, const struct httpd_request *request, struct peer *peer)
{
	const struct httpd_route *match = NULL;
	bool known = false;

	for (const struct httpd_route *r = h->options.routes; r->path; r++) {
		if (strcmp(r->path, request->path) != 0)
			continue;
		known = true;
		if (strcmp(r->method, request->method) == 0)
			match = r;
	}
	if (!known)
		not_found(&x->reply);
	else if (strcmp(request->method, "OPTIONS") == 0)
		x->reply.status = MHD_HTTP_OK;
	else if (!match)
		x->reply.status = MHD_HTTP_METHOD_NOT_ALLOWED;
	else if (match->open)
		x->route = match;
	else if (h->options.authorize(h->options.data, request, &x->reply)) {
		x->route = match;
		peer->trusted = true;
	}
}

static void take_body(struct exchange *x, const char *data, size_t len)
{
	if (!x->route || !x->route->body_max || x->too_large)
		return;
	if (x->body.len + len > x->route->body_max) {
		x->too_large = true;
		buf_free(&x->body);
		return;
	}
	buf_add(&x->body, data, len);
}

static void add_headers(struct MHD_Response *response, const struct httpd_reply *reply)
{
	if (reply->content_type)
		MHD_add_response_header(response, "Content-Type", reply->content_type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	for (size_t i = 0; i < ARRAY_SIZE(reply->headers) && reply->headers[i].name; i++)
		MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
}

static enum MHD_Result send_response(struct MHD_Connection *c, unsigned status, struct MHD_Response *response)
{
	enum MHD_Result result = MHD_queue_response(c, status, response);

	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_out_of_memory(struct MHD_Connection *c)
{
	static char text[] = "{\"success\":false,\"error\":\"out of memory\"}\n";
	static const struct httpd_reply reply = {.content_type = "application/json"};
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);

	if (!response)
		return MHD_NO;
	add_headers(response, &reply);
	return send_response(c, MHD_HTTP_INTERNAL_SERVER_ERROR, response);
}

static enum MHD_Result answer(struct MHD_Connection *c, const struct httpd_reply *reply)
{
	struct MHD_Response *response = NULL;

	if (!reply->body.failed)
		response = MHD_create_response_from_buffer(reply->body.len, reply->body.data, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return answer_out_of_memory(c);
	add_headers(response, reply);
	return send_response(c, reply->status, response);
}

static enum MHD_Result close_exchange(struct httpd *h, struct MHD_Connection *c, struct exchange *x,
				      struct httpd_request *request)
{
	if (x->route && x->too_large) {
		h->options.refuse(h->options.data, &x->reply, MHD_HTTP_CONTENT_TOO_LARGE, "Request body too large");
	} else if (x->route) {
		if (x->body.failed)
			return answer_out_of_memory(c);
		request->body = x->body.data ? x->body.data : "";
		request->body_len = x->body.len;
		x->route->handle(h->options.data, request, &x->reply);
	}
	return answer(c, &x->reply);
}

/* Before the body: where the request ends is not known. */
static enum MHD_Result refuse(struct httpd *h, struct MHD_Connection *c, struct exchange *x, const char *why)
{
	h->options.refuse(h->options.data, &x->reply, MHD_HTTP_BAD_REQUEST, why);
	x->reply.headers[0].name = "Connection";
	snprintf(x->reply.headers[0].value, sizeof(x->reply.headers[0].value), "close");
	return answer(c, &x->reply);
}

static void *on_uri(void *data, const char *uri, struct MHD_Connection *c)
{
	struct exchange *refused = NULL;

	if (framing_uri_is_too_long(uri)) {
		framing_refuse_uri(c);
		refused = calloc(1, sizeof(*refused));
		if (refused)
			refused->reply.status = MHD_HTTP_URI_TOO_LONG;
	}
	return refused;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_len, void **context)
{
	struct httpd *h = data;
	struct exchange *x = *context;
	struct httpd_request request = {.method = method, .path = url};
	const char *why;

	request.authorization = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
	if (!x) {
		x = calloc(1, sizeof(*x));
		if (!x)
			return answer_out_of_memory(c);
		*context = x;
		set_busy(peer_of(c), true, h->options.request_timeout_ns);
		why = framing_error(c, version);
		if (why)
			return refuse(h, c, x, why);
		open_exchange(h, x, &request, peer_of(c));
		return MHD_YES;
	}
	if (*upload_len) {
		take_body(x, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	return close_exchange(h, c, x, &request);
}

static void on_completed(void *data, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode code)
{
	if (*context)
		exchange_free(*context);
	*context = NULL;
	set_busy(peer_of(c), false, IDLE_NS);
}

/* There is a place: take_client() made room. */
static void on_connection(void *data, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct httpd *h = data;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		int fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		const struct sockaddr *client =
			MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;

		*context = peers_add(&h->peers, fd, client);
		set_busy(*context, false, h->options.request_timeout_ns);
	} else {
		peers_remove(&h->peers, *context);
		*context = NULL;
	}
}

static void run(struct httpd *h)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(h->daemon);
	if (MHD_get_timeout(h->daemon, &ms) == MHD_YES)
		loop_set_timer(h->timer, ms ? ms * NSEC_PER_MSEC : 1, 0);
	else
		loop_set_timer(h->timer, 0, 0);
}

/* The descriptor stays libmicrohttpd's, which sees the end and closes it. */
static void hang_up(const struct peer *peer)
{
	shutdown(peer->fd, SHUT_RDWR);
}

/* False when there is none. */
static bool hang_up_least(struct httpd *h)
{
	size_t before = h->peers.len;

	if (!before)
		return false;
	hang_up(peers_least(&h->peers));
	run(h);
	return h->peers.len < before;
}

/* libmicrohttpd closes a descriptor that it does not take. It may tell of the connection in its next run
 * only, and the one after this may want its place. */
static void take_client(struct httpd *h, int fd, const struct sockaddr_storage *sa, socklen_t len)
{
	if (h->peers.len < PEERS_MAX || hang_up_least(h)) {
		MHD_add_connection(h->daemon, fd, (const struct sockaddr *)sa, len);
		run(h);
	} else {
		close(fd);
	}
}

static bool lacks_resources(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* libmicrohttpd does not accept: at its limit it would stop listening until some later run. */
static void on_client(void *data, int fd, uint32_t events)
{
	struct httpd *h = data;

	for (int i = 0; i < ACCEPT_MAX; i++) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof(sa);
		int client = accept4(fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			take_client(h, client, &sa, len);
		} else if (!lacks_resources(errno)) {
			break;
		} else if (!hang_up_least(h)) {
			/* The client stays in the queue, and would wake the loop at once. */
			loop_change_io(h->listener, 0);
			loop_set_timer(h->pause, ACCEPT_PAUSE_NS, 0);
			break;
		}
	}
}

static void on_pause_end(void *data)
{
	struct httpd *h = data;

	loop_change_io(h->listener, EPOLLIN);
}

static void on_io(void *data, int fd, uint32_t events)
{
	run(data);
}

static void on_timer(void *data)
{
	run(data);
}

static void on_sweep(void *data)
{
	struct httpd *h = data;
	uint64_t now = clock_boot_ns();

	for (size_t i = 0; i < PEERS_MAX; i++)
		if (h->peers.places[i].open && now >= h->peers.places[i].deadline_ns)
			hang_up(&h->peers.places[i]);
}

static int attach(struct httpd *h, struct loop *loop)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	uint64_t sweep_ns = MIN(h->options.request_timeout_ns / 4, NSEC_PER_SEC);

	if (!info)
		return -EOPNOTSUPP;
	h->listener = loop_add_io(loop, h->options.listener, EPOLLIN, on_client, h);
	h->pause = loop_add_timer(loop, 0, 0, on_pause_end, h);
	h->io = loop_add_io(loop, info->listen_fd, EPOLLIN, on_io, h);
	h->timer = loop_add_timer(loop, 0, 0, on_timer, h);
	h->sweep = loop_add_timer(loop, sweep_ns, MAX(sweep_ns, NSEC_PER_MSEC), on_sweep, h);
	return h->listener && h->pause && h->io && h->timer && h->sweep ? 0 : -ENOMEM;
}

static struct MHD_Daemon *start_daemon(struct httpd *h)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request, h,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)PEERS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned)(IDLE_NS / NSEC_PER_SEC), MHD_OPTION_URI_LOG_CALLBACK, on_uri, h,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_NOTIFY_CONNECTION,
				on_connection, h, MHD_OPTION_END);
}

int httpd_start(struct httpd **ret, struct loop *loop, const struct httpd_options *options, struct err *err)
{
	struct httpd *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return err_oom(err);
	h->options = *options;
	h->daemon = start_daemon(h);
	r = h->daemon ? attach(h, loop) : -EIO;
	if (r < 0) {
		httpd_stop(h);
		return err_set(err, r, "HTTP server: %s", err_name(r));
	}
	*ret = h;
	return 0;
}

void httpd_stop(struct httpd *h)
{
	if (!h)
		return;
	loop_remove(h->listener);
	loop_remove(h->pause);
	loop_remove(h->io);
	loop_remove(h->timer);
	loop_remove(h->sweep);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	free(h);
}
