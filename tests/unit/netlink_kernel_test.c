/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Against this machine's kernel, in a network namespace of its own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if_arp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "genl.h"
#include "proc_udp.h"
#include "rtnl.h"
#include "sock_diag.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void ok(int r, const struct err *err)
{
	if (r < 0)
		fail_msg("%s", err->text);
}

/* Two namespaces joined by a pair: the calling thread stays in the second; *ret_other is the first.
 */
static void make_pair(int *ret_other)
{
	struct err err = {0};

	*ret_other = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(*ret_other >= 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	ok(rtnl_veth_add("left", 1450, "right", *ret_other, &err), &err);
}

static void test_veth(void **state)
{
	_cleanup_close_ int other = -1;
	struct rtnl_link link;
	struct err err = {0};

	make_pair(&other);
	ok(rtnl_link_get("left", &link, &err), &err);
	assert_string_equal(link.kind, "veth");
	assert_int_equal(link.type, ARPHRD_ETHER);
	assert_int_equal(link.mtu, 1450);
	assert_int_not_equal(link.peer_ifindex, 0);
	assert_int_not_equal(link.peer_nsid, -1);
	assert_false(link.up);
	assert_int_equal(rtnl_veth_add("left", 0, "x", other, &err), -EEXIST);
	assert_non_null(strstr(err.text, "veth device 'left'"));
	ok(rtnl_link_set_mtu("left", 1300, &err), &err);
	ok(rtnl_link_rename("left", "middle", &err), &err);
	ok(rtnl_link_set_up("middle", true, &err), &err);
	ok(rtnl_link_get("middle", &link, &err), &err);
	assert_int_equal(link.mtu, 1300);
	assert_true(link.up);
	ok(rtnl_link_delete("middle", &err), &err);
	assert_int_equal(rtnl_link_get("middle", &link, &err), -ENODEV);
	assert_non_null(strstr(err.text, "'middle'"));
	assert_int_equal(rtnl_link_delete("middle", &err), -ENODEV);
	/* Its other end went with it. */
	assert_int_equal(setns(other, CLONE_NEWNET), 0);
	assert_int_equal(rtnl_link_get("right", &link, NULL), -ENODEV);
}

static void test_nsid(void **state)
{
	_cleanup_close_ int other = -1, third = -1, here = -1;
	struct rtnl_link link;
	struct err err = {0};
	int nsid = -7;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	third = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	make_pair(&other);
	here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	ok(rtnl_link_get("left", &link, &err), &err);
	ok(rtnl_nsid(other, &nsid, &err), &err);
	assert_int_equal(nsid, link.peer_nsid);
	assert_int_equal(rtnl_nsid(third, &nsid, &err), -ENOENT);
	assert_int_equal(nsid, link.peer_nsid);
	assert_int_equal(setns(other, CLONE_NEWNET), 0);
	ok(rtnl_link_get("right", &link, &err), &err);
	ok(rtnl_nsid(here, &nsid, &err), &err);
	assert_int_equal(nsid, link.peer_nsid);
	assert_int_equal(setns(here, CLONE_NEWNET), 0);
}

static void collect(const struct rtnl_link *link, void *data)
{
	unsigned *seen = data;

	*seen |= !strcmp(link->name, "lo") && link->type == ARPHRD_LOOPBACK ? 1 : 0;
	*seen |= !strcmp(link->name, "left") && !strcmp(link->kind, "veth") ? 2 : 0;
}

static void test_list(void **state)
{
	_cleanup_close_ int other = -1;
	struct err err = {0};
	unsigned seen = 0;

	make_pair(&other);
	ok(rtnl_link_list(collect, &seen, &err), &err);
	assert_int_equal(seen, 3);
}

#define STEADY 150 /* pairs that stay: a dump takes several datagrams */
#define DUMPS 400

struct dump {
	unsigned n;
	bool seen[65536], twice;
};

static void mark(const struct rtnl_link *link, void *data)
{
	struct dump *d = data;

	d->n++;
	if (link->ifindex >= ARRAY_SIZE(d->seen))
		return;
	d->twice |= d->seen[link->ifindex];
	d->seen[link->ifindex] = true;
}

/* Links come and go beside the dumps, so that the kernel interrupts some of them. */
static void *come_and_go(void *data)
{
	_cleanup_close_ int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	atomic_bool *end = data;

	while (!*end && rtnl_veth_add("passing", 0, "by", here, NULL) == 0)
		rtnl_link_delete("passing", NULL);
	return NULL;
}

static void test_list_while_links_change(void **state)
{
	_cleanup_free_ struct dump *d = malloc(sizeof(*d));
	_cleanup_close_ int other = -1, here = -1;
	char name[IF_NAMESIZE], peer[IF_NAMESIZE];
	struct err err = {0};
	atomic_bool end = false;
	unsigned complete = 0;
	pthread_t thread;

	assert_non_null(d);
	make_pair(&other);
	here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	for (unsigned i = 0; i < STEADY; i++) {
		snprintf(name, sizeof(name), "a%u", i);
		snprintf(peer, sizeof(peer), "b%u", i);
		ok(rtnl_veth_add(name, 0, peer, here, &err), &err);
	}
	assert_int_equal(pthread_create(&thread, NULL, come_and_go, &end), 0);
	for (unsigned i = 0; i < DUMPS; i++) {
		memset(d, 0, sizeof(*d));
		if (rtnl_link_list(mark, d, &err) == 0) {
			assert_true(d->n >= 2 * STEADY + 2);
			complete++;
		} else {
			assert_int_equal(d->n, 0);
		}
		assert_false(d->twice);
	}
	end = true;
	pthread_join(thread, NULL);
	assert_int_not_equal(complete, 0);
}

static void connect_to(const char *text, bool reachable)
{
	_cleanup_close_ int fd = socket(strchr(text, ':') ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(9)};
	int r;

	if (strchr(text, ':')) {
		assert_int_equal(inet_pton(AF_INET6, text, &to6.sin6_addr), 1);
		r = connect(fd, (struct sockaddr *)&to6, sizeof(to6));
	} else {
		assert_int_equal(inet_pton(AF_INET, text, &to4.sin_addr), 1);
		r = connect(fd, (struct sockaddr *)&to4, sizeof(to4));
	}
	assert_int_equal(r == 0, reachable);
}

/* A UDP connect() asks the routing table and sends nothing. */
static void test_addresses_and_routes(void **state)
{
	const struct addr own = address("10.9.0.1"), own6 = address("fd09::1");
	const struct addr net = address("10.10.0.0"), net6 = address("fd10::");
	const struct addr via = address("10.9.0.2"), via6 = address("fd09::2");
	const struct addr any = address("0.0.0.0");
	_cleanup_close_ int other = -1;
	struct err err = {0};

	make_pair(&other);
	ok(rtnl_addr_add("left", &own, 24, &err), &err);
	ok(rtnl_addr_add("left", &own6, 64, &err), &err);
	assert_int_equal(rtnl_addr_add("left", &own, 24, &err), -EEXIST);
	assert_non_null(strstr(err.text, "10.9.0.1/24"));
	ok(rtnl_link_set_up("left", true, &err), &err);
	connect_to("10.9.0.2", true);
	connect_to("fd09::2", true);
	connect_to("10.10.0.1", false);
	connect_to("fd10::1", false);
	ok(rtnl_route_add(&net, 16, &via, NULL, &err), &err);
	ok(rtnl_route_add(&net6, 48, &via6, "left", &err), &err);
	connect_to("10.10.0.1", true);
	connect_to("fd10::1", true);
	connect_to("192.0.2.1", false);
	ok(rtnl_route_add(&any, 0, NULL, "left", &err), &err);
	connect_to("192.0.2.1", true);
	assert_true(rtnl_route_add(&net, 16, NULL, "nothing", &err) < 0);
	assert_non_null(strstr(err.text, "nothing"));
}

struct wanted {
	uint32_t inode;
	struct udp_socket found;
	unsigned n;
};

static void match(const struct udp_socket *s, void *data)
{
	struct wanted *w = data;

	if (s->inode != w->inode)
		return;
	w->found = *s;
	w->n++;
}

static int bound_socket(int family, unsigned port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(family == AF_INET ? bind(fd, (struct sockaddr *)&in4, sizeof(in4))
					   : bind(fd, (struct sockaddr *)&in6, sizeof(in6)),
			 0);
	return fd;
}

/* What /proc does not tell is 0 there. */
static void proc_says_the_same(struct udp_socket s)
{
	struct wanted w = {.inode = s.inode};
	struct err err = {0};

	ok(proc_udp_list(match, &w, &err), &err);
	assert_int_equal(w.n, 1);
	s.cookie = 0;
	s.ifindex = 0;
	assert_memory_equal(&w.found, &s, offsetof(struct udp_socket, remote_port) + sizeof(s.remote_port));
}

static struct udp_socket look_up(int fd)
{
	struct wanted w = {0};
	struct err err = {0};
	uint64_t cookie = 0;
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	w.inode = st.st_ino;
	ok(sock_diag_udp_list(match, &w, &err), &err);
	assert_int_equal(w.n, 1);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &(socklen_t){sizeof(cookie)}), 0);
	assert_true(w.found.cookie == cookie);
	proc_says_the_same(w.found);
	return w.found;
}

static void test_udp_sockets(void **state)
{
	_cleanup_close_ int v4 = bound_socket(AF_INET, 2152), v6 = bound_socket(AF_INET6, 4997);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(4997)};
	struct udp_socket s = look_up(v4);
	struct addr loopback = address("127.0.0.1");

	assert_int_equal(s.family, AF_INET);
	assert_int_equal(s.local_port, 2152);
	assert_int_equal(s.remote_port, 0);
	assert_true(addr_equal(&s.local, &loopback));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(v4, (struct sockaddr *)&to, sizeof(to)), 0);
	s = look_up(v4);
	assert_int_equal(s.remote_port, 4997);
	assert_true(addr_equal(&s.remote, &loopback));
	s = look_up(v6);
	assert_int_equal(s.family, AF_INET6);
	assert_int_equal(s.local_port, 4997);
	assert_true(addr_is_zero(&s.local));
}

/* Heads, lines that end early, addresses of the other family. */
static void test_lines_of_proc_that_are_no_sockets(void **state)
{
	static const char v4[] =
		"  7: 0100007F:0868 00000000:0000 07 00000000:00000000 00:00000000 00000000     5        0 9 2";
	static const char *const lines[] = {
		"",
		"   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref",
		"  7: 0100007F:0868 00000000:0000 07 00000000:00000000 00:00000000 00000000     5        0",
		"  7: 0100007:0868 00000000:0000 07 00000000:00000000 00:00000000 00000000     5        0 9",
		"  7: 0100007F:0868 000000000:0000 07 00000000:00000000 00:00000000 00000000     5        0 9",
		"  7: 127.0.0.1:0868 0.0.0.0:0000 07 00000000:00000000 00:00000000 00000000     5        0 9",
	};
	struct udp_socket s = {.inode = 1};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(proc_udp_parse(lines[i], AF_INET, &s), -EINVAL);
	assert_int_equal(proc_udp_parse(v4, AF_INET6, &s), -EINVAL);
	assert_int_equal(s.inode, 1);
	assert_int_equal(proc_udp_parse(v4, AF_INET, &s), 0);
	assert_int_equal(s.local_port, 2152);
	assert_int_equal(s.uid, 5);
	assert_int_equal(s.inode, 9);
}

static void test_generic_family(void **state)
{
	struct err err = {0};
	uint16_t id = 0;

	ok(genl_family("nlctrl", &id, &err), &err);
	assert_int_equal(id, 16);
	assert_int_equal(genl_family("no-such-family", &id, &err), -ENOENT);
	assert_non_null(strstr(err.text, "'no-such-family'"));
}

static int own_namespace(void **state)
{
	struct err err = {0};
	int flags = geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER;

	if (unshare(flags) < 0) {
		print_message("skip: no network namespace of its own: %s\n", strerror(errno));
		exit(77);
	}
	ok(rtnl_link_set_up("lo", true, &err), &err);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_generic_family, own_namespace),
		cmocka_unit_test(test_udp_sockets),
		cmocka_unit_test(test_lines_of_proc_that_are_no_sockets),
		cmocka_unit_test(test_veth),
		cmocka_unit_test(test_nsid),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_while_links_change),
		cmocka_unit_test(test_addresses_and_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
