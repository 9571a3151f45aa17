/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "clock.h"
#include "dn.h"
#include "traffic_internal.h"

#define PATIENCE_MS 30000

/* 1: ready; 0: timeout_ms went by; -ECANCELED: interrupted. */
static int wait_for(const struct traffic_worker *w, int fd, short events, int timeout_ms)
{
	struct pollfd fds[] = {
		{.fd = w->stop_fd, .events = POLLIN},
		{.fd = fd, .events = events},
	};

	if (poll(fds, ARRAY_SIZE(fds), timeout_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	return fds[0].revents ? -ECANCELED : fds[1].revents ? 1 : 0;
}

static int ready(const struct traffic_worker *w, int fd, short events)
{
	int r = wait_for(w, fd, events, PATIENCE_MS);

	return r == 0 ? -ETIMEDOUT : r < 0 ? r : 0;
}

/* By mapped addresses an IPv6 socket carries both families. */
static int connect_dn(const struct traffic_worker *w, bool ipv6)
{
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(DN_PORT_TCP)};
	socklen_t len = sizeof(int);
	int r, error = 0;

	if (fd < 0)
		return -errno;
	r = traffic_bind(w, fd, true);
	if (r < 0)
		return r;
	memcpy(&sa.sin6_addr, ipv6 ? w->plan->dn_address6.b : w->plan->dn_address.b, sizeof(sa.sin6_addr));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 && errno != EINPROGRESS)
		return -errno;
	r = ready(w, fd, POLLOUT);
	if (r < 0)
		return r;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error)
		return error ? -error : -errno;
	return TAKE_FD(fd);
}

/* -EBADMSG when the content is not the pattern, -ECONNRESET when it ends early. */
static int receive(struct traffic_worker *w, int fd, const struct dn_pattern *pattern)
{
	uint64_t at = 0, len = w->options->download_bytes;
	uint8_t data[32768];

	while (at < len) {
		ssize_t n = recv(fd, data, MIN(len - at, sizeof(data)), 0);
		int r;

		if (n > 0) {
			if (memcmp(data, dn_pattern_at(pattern, at), (size_t)n))
				return -EBADMSG;
			at += (uint64_t)n;
			w->result.tcp.bytes += (uint64_t)n;
			continue;
		}
		if (n == 0)
			return -ECONNRESET;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = ready(w, fd, POLLIN);
		if (r < 0)
			return r;
	}
	return 0;
}

static int download(struct traffic_worker *w, const struct dn_pattern *pattern, bool ipv6)
{
	_cleanup_close_ int fd = connect_dn(w, ipv6);
	char line[24];
	int n;

	if (fd < 0)
		return fd;
	n = snprintf(line, sizeof(line), "%" PRIu64 "\n", w->options->download_bytes);
	if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		return -EIO;
	return receive(w, fd, pattern);
}

/* Families in turn where both are wanted. */
static bool pick_ipv6(const struct traffic_worker *w)
{
	bool v4 = traffic_wants(w->options, w->plan, false);
	bool v6 = traffic_wants(w->options, w->plan, true);

	return v6 && (!v4 || w->result.tcp.begun % 2);
}

static int one(struct traffic_worker *w, const struct dn_pattern *pattern)
{
	bool ipv6 = pick_ipv6(w);
	int r;

	w->result.tcp.begun++;
	r = download(w, pattern, ipv6);
	if (r == 0)
		w->result.tcp.done++;
	else if (r != -ECANCELED)
		w->result.tcp.failed++;
	return r;
}

static bool is_over(const struct traffic_worker *w, uint64_t end_ns)
{
	if (w->options->downloads)
		return w->result.tcp.begun >= w->options->downloads;
	return clock_monotonic_ns() >= end_ns;
}

/* Before end_ns at the latest: the next whole second since the last one began. */
static int pause_until(const struct traffic_worker *w, uint64_t due_ns, uint64_t end_ns)
{
	uint64_t now = clock_monotonic_ns(), until = MIN(due_ns, end_ns);

	if (w->options->downloads || until <= now)
		return 0;
	return wait_for(w, -1, 0, (int)((until - now) / NSEC_PER_MSEC) + 1);
}

int traffic_run_downloads(struct traffic_worker *w)
{
	_cleanup_free_ struct dn_pattern *pattern = malloc(sizeof(*pattern));
	uint64_t end_ns = clock_monotonic_ns() + w->options->duration_ns;
	int r = 0;

	if (!pattern)
		return err_set(&w->err, -ENOMEM, "out of memory");
	dn_pattern_init(pattern);
	while (r != -ECANCELED && !is_over(w, end_ns)) {
		uint64_t due_ns = clock_monotonic_ns() + NSEC_PER_SEC;

		r = one(w, pattern);
		if (r < 0 && r != -ECANCELED && w->options->downloads)
			return err_set(&w->err, r, "%s: download failed: %s", w->netns,
				       r == -EBADMSG ? "its content is wrong" : err_name(r));
		if (r != -ECANCELED)
			r = pause_until(w, due_ns, end_ns);
	}
	return 0;
}
