/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "addr.h"
#include "cleanup.h"
#include "parse.h"

union sock_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int bad(const char *spec, struct err *err)
{
	return err_set(err, -EINVAL,
		       "listen address '%s': want ADDR:PORT, [IPV6]:PORT or :PORT, such as "
		       "127.0.0.1:8080",
		       spec);
}

static void fill(union sock_address *sa, const struct addr *a, uint16_t port)
{
	*sa = (union sock_address){0};
	if (addr_is_v4(a)) {
		sa->v4.sin_family = AF_INET;
		sa->v4.sin_port = htons(port);
		sa->v4.sin_addr.s_addr = addr_v4(a);
	} else {
		sa->v6.sin6_family = AF_INET6;
		sa->v6.sin6_port = htons(port);
		memcpy(&sa->v6.sin6_addr, a->b, sizeof(a->b));
	}
}

static int parse(const char *spec, union sock_address *sa, struct err *err)
{
	const char *colon = strrchr(spec, ':');
	char host[LISTEN_TEXT_MAX];
	struct addr a = {0}; /* ::, which takes IPv4 too */
	size_t len = colon ? (size_t)(colon - spec) : 0;
	uint64_t port;
	int r;

	if (!colon || !colon[1] || len >= sizeof(host))
		return bad(spec, err);
	memcpy(host, spec, len);
	host[len] = '\0';
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		memmove(host, host + 1, len - 2);
		host[len - 2] = '\0';
	} else if (strchr(host, ':')) {
		return bad(spec, err);
	}
	if (len > 0 && addr_parse(host, &a) < 0)
		return bad(spec, err);
	r = parse_u64(colon + 1, 0, UINT16_MAX, &port, err);
	if (r < 0)
		return err_prefix(err, r, "listen address '%s', as ADDR:PORT: port", spec);
	fill(sa, &a, (uint16_t)port);
	return 0;
}

static void describe(int fd, struct listen_address *ret)
{
	union sock_address sa = {0};
	socklen_t len = sizeof(sa);
	char host[INET6_ADDRSTRLEN] = "";

	getsockname(fd, &sa.any, &len);
	if (sa.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &sa.v4.sin_addr, host, sizeof(host));
		snprintf(ret->text, sizeof(ret->text), "%s:%u", host, ntohs(sa.v4.sin_port));
		ret->local = ntohl(sa.v4.sin_addr.s_addr) >> 24 == 127;
	} else {
		inet_ntop(AF_INET6, &sa.v6.sin6_addr, host, sizeof(host));
		snprintf(ret->text, sizeof(ret->text), "[%s]:%u", host, ntohs(sa.v6.sin6_port));
		ret->local = IN6_IS_ADDR_LOOPBACK(&sa.v6.sin6_addr);
	}
}

int listen_open(const char *spec, struct listen_address *ret, struct err *err)
{
	_cleanup_close_ int fd = -1;
	union sock_address sa;
	int r = parse(spec, &sa, err), on = 1;

	if (r < 0)
		return r;
	fd = socket(sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, -errno, "listen on %s: %s", spec, err_name(-errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &sa.any, sa.any.sa_family == AF_INET ? sizeof(sa.v4) : sizeof(sa.v6)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return err_set(err, -errno, "listen on %s: %s; choose another address or port", spec, err_name(-errno));
	describe(fd, ret);
	return TAKE_FD(fd);
}
