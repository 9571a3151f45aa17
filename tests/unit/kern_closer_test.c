/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Descriptors are closed behind the caller's back, in order, also one whose closing waits. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "closer.h"

static void until_closed(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char byte;

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
}

static void all_are_closed(void **state)
{
	int first[2], second[2], fds[2];
	struct closer *c;

	assert_int_equal(pipe(first) | pipe(second), 0);
	fds[0] = first[1];
	fds[1] = second[1];
	c = closer_new(fds, 2);
	assert_non_null(c);
	until_closed(first[0]);
	until_closed(second[0]);
	closer_free(c);
	close(first[0]);
	close(second[0]);
	assert_true(closer_done(NULL));
	closer_free(NULL);
}

/* What *ret sends is not read, and it lingers at its closing until it is. The other end. */
static int lingering(int *ret)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = 60};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(to);
	int listener = socket(AF_INET, SOCK_STREAM, 0), other;
	static char bytes[65536];

	assert_int_equal(bind(listener, (void *)&to, sizeof(to)) | listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&to, &len), 0);
	*ret = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*ret, (void *)&to, sizeof(to)), 0);
	other = accept(listener, NULL, NULL);
	assert_true(other >= 0);
	close(listener);
	setsockopt(*ret, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	while (send(*ret, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	return other;
}

static void nobody_waits_for_one_that_waits(void **state)
{
	int waits, other = lingering(&waits), pair[2], fds[2];
	static char bytes[65536];
	struct closer *c;

	assert_int_equal(pipe(pair), 0);
	fds[0] = waits;
	fds[1] = pair[1];
	c = closer_new(fds, 2);
	assert_non_null(c);
	assert_false(closer_done(c));
	assert_int_equal(fcntl(pair[1], F_GETFD), 0);
	while (read(other, bytes, sizeof(bytes)) > 0)
		;
	until_closed(pair[0]);
	closer_free(c);
	close(pair[0]);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_closed),
		cmocka_unit_test(nobody_waits_for_one_that_waits),
	};

	return cmocka_run_group_tests_name("closer", tests, NULL, NULL);
}
