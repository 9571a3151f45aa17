/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "dn.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "node_internal.h"

#define WORKERS 16
#define BACKLOG 256
#define IDLE_MS 30000

struct dn {
	int tcp;
	int echo4;
	int echo6;
	struct dn_pattern pattern;
};

void dn_pattern_init(struct dn_pattern *p)
{
	for (size_t i = 0; i < DN_PATTERN_LEN; i++)
		p->bytes[i] = (uint8_t)(i % DN_PATTERN_PERIOD);
}

/* -ETIMEDOUT when the client does nothing for IDLE_MS. */
static int wait_for(const struct node *node, int fd, short events)
{
	int r = node_wait(node, fd, events, IDLE_MS);

	return r == 0 ? -ETIMEDOUT : r < 0 ? r : 0;
}

static int send_all(const struct node *node, int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = wait_for(node, fd, POLLOUT);
		if (r < 0)
			return r;
	}
	return 0;
}

/* At least one byte; -ECONNRESET at the end of the stream. */
static ssize_t receive_some(const struct node *node, int fd, uint8_t *data, size_t len)
{
	int r = wait_for(node, fd, POLLIN);
	ssize_t n;

	if (r < 0)
		return r;
	n = recv(fd, data, len, MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	return n ? n : -ECONNRESET;
}

static int download(const struct node *node, const struct dn *dn, int fd, uint64_t len)
{
	for (uint64_t at = 0; at < len;) {
		size_t n = MIN(len - at, (uint64_t)DN_PATTERN_CHUNK);
		int r = send_all(node, fd, dn_pattern_at(&dn->pattern, at), n);

		if (r < 0)
			return r;
		at += n;
	}
	return 0;
}

static int reply(const struct node *node, int fd, const char *word, uint64_t number)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%s %" PRIu64 "\n", word, number);

	return send_all(node, fd, (const uint8_t *)text, (size_t)n);
}

static int upload(const struct node *node, const struct dn *dn, int fd, uint64_t len)
{
	uint8_t data[DN_PATTERN_CHUNK];
	uint64_t at = 0;

	while (at < len) {
		ssize_t n = receive_some(node, fd, data, MIN(len - at, sizeof(data)));

		if (n < 0)
			return (int)n;
		if (memcmp(data, dn_pattern_at(&dn->pattern, at), (size_t)n))
			return reply(node, fd, "bad", at);
		at += (uint64_t)n;
	}
	return reply(node, fd, "ok", len);
}

/* One octet at a time: what follows the line belongs to the content. */
static int read_line(const struct node *node, int fd, char *line, size_t size)
{
	for (size_t at = 0; at + 1 < size; at++) {
		ssize_t n = receive_some(node, fd, (uint8_t *)line + at, 1);

		if (n < 0)
			return (int)n;
		if (line[at] != '\n')
			continue;
		line[at] = '\0';
		return 0;
	}
	return -EMSGSIZE;
}

static int parse_length(const char *line, uint64_t *ret)
{
	*ret = 0;
	if (!*line)
		return -EINVAL;
	for (; *line; line++) {
		if (*line < '0' || *line > '9' || *ret > UINT64_MAX / 100)
			return -EINVAL;
		*ret = *ret * 10 + (uint64_t)(*line - '0');
	}
	return 0;
}

static int serve_client(const struct node *node, const struct dn *dn, int fd)
{
	char line[24];
	uint64_t len;
	bool up;
	int r = read_line(node, fd, line, sizeof(line));

	if (r < 0)
		return r;
	up = line[0] == '-';
	r = parse_length(line + up, &len);
	if (r < 0)
		return reply(node, fd, "bad", 0);
	return up ? upload(node, dn, fd, len) : download(node, dn, fd, len);
}

/* All workers wait on the same listening socket; each serves one client at a time. */
static int worker(const struct node *node, void *data)
{
	const struct dn *dn = data;
	int r;

	while ((r = node_wait(node, dn->tcp, POLLIN, -1)) >= 0) {
		_cleanup_close_ int fd = accept4(dn->tcp, NULL, NULL, SOCK_CLOEXEC);

		/* A client that fails is its own business. */
		if (fd >= 0 && serve_client(node, dn, fd) == -ECANCELED)
			return 0;
	}
	return r == -ECANCELED ? 0 : r;
}

/* Receives with the traffic class and the address as ancillary data, which recvmsg() leaves in a form that sendmsg()
 * takes: what came with a DSCP to one of the addresses goes back with it from that one. */
static int echo_one(int fd)
{
	uint8_t data[NODE_DATAGRAM_MAX], control[128] = {};
	struct sockaddr_storage peer;
	struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
	struct msghdr msg = {.msg_name = &peer,
			     .msg_namelen = sizeof(peer),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	iov.iov_len = (size_t)n;
	(void)!sendmsg(fd, &msg, MSG_NOSIGNAL);
	return 0;
}

static int echo(const struct node *node, void *data)
{
	const int *fd = data;
	int r;

	while ((r = node_wait(node, *fd, POLLIN, -1)) >= 0)
		while (echo_one(*fd) == 0)
			;
	return r == -ECANCELED ? 0 : r;
}

/* IPv6 sockets; with v6only off they take IPv4 as well. */
static int bound_socket6(int type, unsigned port, int v6only, struct err *err)
{
	_cleanup_close_ int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int on = 1;

	if (fd < 0)
		return err_set(err, -errno, "dn: cannot make an IPv6 socket: %s", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)) < 0 ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_set(err, -errno, "dn: cannot bind port %u: %s", port, strerror(errno));
	return TAKE_FD(fd);
}

static int open_sockets(struct dn *dn, struct err *err)
{
	int on = 1;

	dn->tcp = bound_socket6(SOCK_STREAM, DN_PORT_TCP, 0, err);
	if (dn->tcp < 0)
		return dn->tcp;
	dn->echo6 = bound_socket6(SOCK_DGRAM, DN_PORT_ECHO, 1, err);
	if (dn->echo6 < 0)
		return dn->echo6;
	dn->echo4 = node_udp_socket(NULL, DN_PORT_ECHO, err);
	if (dn->echo4 < 0)
		return dn->echo4;
	if (listen(dn->tcp, BACKLOG) < 0 || setsockopt(dn->echo4, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)) < 0 ||
	    setsockopt(dn->echo4, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    setsockopt(dn->echo6, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on)) < 0)
		return err_set(err, -errno, "dn: %s", strerror(errno));
	return 0;
}

static void close_sockets(struct dn *dn)
{
	cleanup_close(&dn->tcp);
	cleanup_close(&dn->echo4);
	cleanup_close(&dn->echo6);
}

int node_dn_main(struct node *node, int ready_fd, struct err *err)
{
	_cleanup_(close_sockets) struct dn dn = {.tcp = -1, .echo4 = -1, .echo6 = -1};
	struct node_thread threads[WORKERS + 2] = {{echo, &dn.echo4}, {echo, &dn.echo6}};
	int r;

	dn_pattern_init(&dn.pattern);
	for (unsigned i = 0; i < WORKERS; i++)
		threads[2 + i] = (struct node_thread){worker, &dn};
	r = open_sockets(&dn, err);
	return r < 0 ? r : node_run(node, threads, ARRAY_SIZE(threads), ready_fd, err);
}
