/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Answers that a kernel gives rarely, or never: this program has libmnl's way to the kernel itself. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>

#include "rtnl.h"

#define LIMIT_S 120 /* for a call that would never end */
#define SEEN_MAX 8

/* The datagrams of one dump; the last one is the last of every dump that follows. */
enum scene {
	SILENT,		  /* the request is lost */
	INTERRUPTED_ONCE, /* links 1 and 2, 2 and 3 with the mark; then 1, 2, 3 and the end */
	INTERRUPTED_ALWAYS,
	FAILED_LATE, /* link 1, then an error in place of the end */
	ENDLESS,
	LONGER_THAN_IT_IS, /* link 1 with a length that is negative to libmnl */
	EMPTY,		   /* the end alone */
	REFUSED,	   /* an error, the request in it being longer than the message */
};

static enum scene scene;
static unsigned requests, datagrams; /* of the present request */

ssize_t mnl_socket_sendto(const struct mnl_socket *s, const void *request, size_t len)
{
	(void)s;
	(void)request;
	requests++;
	datagrams = 0;
	return (ssize_t)len;
}

static size_t put_link(char *to, unsigned ifindex, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(to);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	nlh->nlmsg_type = RTM_NEWLINK;
	nlh->nlmsg_flags = NLM_F_MULTI | flags;
	nlh->nlmsg_seq = 1;
	info->ifi_index = (int)ifindex;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "x");
	return nlh->nlmsg_len;
}

static size_t put_end(char *to, int error)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(to);

	nlh->nlmsg_type = NLMSG_DONE;
	nlh->nlmsg_flags = NLM_F_MULTI;
	nlh->nlmsg_seq = 1;
	*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(error)) = error;
	return nlh->nlmsg_len;
}

/* Behind the first link, which libmnl has read when it comes to the second. */
static size_t put_untrue_length(char *to)
{
	size_t len = put_link(to, 1, 0);
	struct nlmsghdr *nlh = (void *)(to + len);

	len += put_link(to + len, 2, 0);
	nlh->nlmsg_len = 0xfffffa50;
	return len;
}

static size_t put_error(char *to)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(to);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_ACK_TLVS;
	nlh->nlmsg_seq = 1;
	e->error = -EBUSY;
	e->msg.nlmsg_len = 0xfffffefc; /* so that the attributes would begin 256 bytes below 4 GiB */
	return nlh->nlmsg_len;
}

static size_t put_endless(char *to, size_t size)
{
	size_t len = 0;

	while (size - len > 128)
		len += put_link(to + len, 1, 0);
	return len;
}

static size_t put_three(char *to)
{
	size_t len = put_link(to, 1, 0);

	len += put_link(to + len, 2, 0);
	len += put_link(to + len, 3, 0);
	return len + put_end(to + len, 0);
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *s, void *to, size_t size)
{
	bool first = datagrams++ == 0, interrupted = scene == INTERRUPTED_ALWAYS || requests == 1;
	size_t len;

	if (scene == SILENT)
		return recv(mnl_socket_get_fd(s), to, size, 0);
	if (scene == ENDLESS)
		return (ssize_t)put_endless(to, size);
	if (scene == LONGER_THAN_IT_IS)
		return (ssize_t)put_untrue_length(to);
	if (scene == EMPTY)
		return (ssize_t)put_end(to, 0);
	if (scene == REFUSED)
		return (ssize_t)put_error(to);
	if (scene == FAILED_LATE)
		return (ssize_t)(first ? put_link(to, 1, 0) : put_end(to, -ENOBUFS));
	if (!interrupted)
		return (ssize_t)put_three(to);
	len = put_link(to, first ? 1 : 2, first ? 0 : NLM_F_DUMP_INTR);
	return (ssize_t)(len + put_link((char *)to + len, first ? 2 : 3, first ? 0 : NLM_F_DUMP_INTR));
}

struct seen {
	unsigned n, ifindex[SEEN_MAX];
};

static void on_link(const struct rtnl_link *link, void *data)
{
	struct seen *seen = data;

	if (seen->n < SEEN_MAX)
		seen->ifindex[seen->n] = link->ifindex;
	seen->n++;
}

static int list(enum scene s, struct seen *seen, struct err *err)
{
	int r;

	scene = s;
	requests = 0;
	*seen = (struct seen){0};
	alarm(LIMIT_S);
	r = rtnl_link_list(on_link, seen, err);
	alarm(0);
	return r;
}

static void test_interrupted(void **state)
{
	struct err err = {0};
	struct seen seen;

	assert_int_equal(list(INTERRUPTED_ONCE, &seen, &err), 0);
	assert_int_equal(requests, 2);
	assert_int_equal(seen.n, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(seen.ifindex[i], i + 1);
}

static void test_interrupted_always(void **state)
{
	struct err err = {0};
	struct seen seen;

	assert_int_equal(list(INTERRUPTED_ALWAYS, &seen, &err), -EINTR);
	assert_int_equal(seen.n, 0);
	assert_true(requests > 1 && requests <= 10);
	assert_non_null(strstr(err.text, "listing the network interfaces: "));
	assert_non_null(strstr(err.text, "try again"));
}

static void test_failed(void **state)
{
	struct err err = {0};
	struct seen seen;

	assert_int_equal(list(FAILED_LATE, &seen, &err), -ENOBUFS);
	assert_int_equal(seen.n, 0);
}

static void test_endless(void **state)
{
	struct err err = {0};
	struct seen seen;

	assert_int_equal(list(ENDLESS, &seen, &err), -EFBIG);
	assert_int_equal(seen.n, 0);
	assert_int_equal(requests, 1);
	assert_non_null(strstr(err.text, "MiB"));
}

static void test_silent(void **state)
{
	struct rtnl_link link;
	struct err err = {0};
	struct seen seen;

	assert_int_equal(list(SILENT, &seen, &err), -ETIMEDOUT);
	assert_int_equal(requests, 1);
	assert_non_null(strstr(err.text, "listing the network interfaces: the kernel has not answered"));
	alarm(LIMIT_S);
	assert_int_equal(rtnl_link_get("some0", &link, &err), -ETIMEDOUT);
	alarm(0);
	assert_non_null(strstr(err.text, "interface 'some0': the kernel has not answered"));
}

/* Of a message no byte is read that did not come. */
static void test_untrue_lengths(void **state)
{
	struct err err = {0};
	struct seen seen;

	assert_int_equal(list(LONGER_THAN_IT_IS, &seen, &err), -EPROTO);
	assert_int_equal(seen.n, 0);
	assert_int_equal(list(REFUSED, &seen, &err), -EBUSY);
	assert_int_equal(seen.n, 0);
}

static void test_empty(void **state)
{
	struct rtnl_link link;
	struct err err = {0};
	struct seen seen;

	assert_int_equal(list(EMPTY, &seen, &err), 0);
	assert_int_equal(rtnl_link_get("some0", &link, &err), -EPROTO);
	assert_string_equal(err.text, "interface 'some0': the kernel's answer has none");
	assert_int_equal(rtnl_link_at(1, &link, &err), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupted), cmocka_unit_test(test_interrupted_always),
		cmocka_unit_test(test_failed),	    cmocka_unit_test(test_endless),
		cmocka_unit_test(test_silent),	    cmocka_unit_test(test_untrue_lengths),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
