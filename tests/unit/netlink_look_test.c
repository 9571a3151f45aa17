/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Against this machine's kernel, in a network namespace of its own. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
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

#include "cleanup.h"
#include "ethtool.h"
#include "rtnl.h"
#include "rtnl_look.h"

static struct addr address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* left has 10.1.0.1/24 and fd00:1::1/64, 10.2.0.0/24 is behind 10.1.0.2, which does not exist. */
static int setup(void **state)
{
	struct addr four = address("10.1.0.1"), six = address("fd00:1::1"), far = address("10.2.0.0");
	struct addr hop = address("10.1.0.2");
	struct err err = {0};
	int here;

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (here < 0 || rtnl_veth_add("left", 1500, "right", here, &err) < 0 ||
	    rtnl_link_set_up("lo", true, &err) < 0 || rtnl_addr_add("left", &four, 24, &err) < 0 ||
	    rtnl_addr_add("left", &six, 64, &err) < 0 || rtnl_link_set_up("left", true, &err) < 0 ||
	    rtnl_link_set_up("right", true, &err) < 0 || rtnl_route_add(&far, 24, &hop, NULL, &err) < 0)
		return -1;
	close(here);
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

struct found {
	struct addr want;
	unsigned ifindex, n;
};

static void on_address(unsigned ifindex, const struct addr *addr, void *data)
{
	struct found *f = data;

	if (!addr_equal(addr, &f->want))
		return;
	f->ifindex = ifindex;
	f->n++;
}

static void test_addresses(void **state)
{
	const char *const texts[] = {"10.1.0.1", "fd00:1::1"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct found f = {.want = address(texts[i])};

		assert_int_equal(rtnl_addr_list(on_address, &f, NULL), 0);
		assert_int_equal(f.n, 1);
		assert_int_equal(f.ifindex, if_nametoindex("left"));
	}
}

static void test_ways(void **state)
{
	struct addr near = address("10.1.0.9"), far = address("10.2.0.9"), own = address("10.1.0.1");
	struct addr none = address("192.0.2.1"), none6 = address("2001:db8::1");
	struct addr hop = address("10.1.0.2");
	struct rtnl_way way = {.ifindex = 77};
	struct err err = {0};

	assert_int_equal(rtnl_way_to(&none, &way, &err), -ENETUNREACH);
	assert_non_null(strstr(err.text, "the route to 192.0.2.1"));
	assert_int_equal(rtnl_way_to(&none6, &way, NULL), -ENETUNREACH);
	assert_int_equal(way.ifindex, 77);
	assert_int_equal(rtnl_way_to(&near, &way, NULL), 0);
	assert_int_equal(way.ifindex, if_nametoindex("left"));
	assert_false(way.has_gateway || way.local);
	assert_int_equal(rtnl_way_to(&far, &way, NULL), 0);
	assert_true(way.has_gateway && addr_equal(&way.gateway, &hop));
	assert_int_equal(rtnl_way_to(&own, &way, NULL), 0);
	assert_true(way.local);
}

/* What comes in at right goes by the rules for it, not by the way of this node's own packets. */
static void test_ways_from(void **state)
{
	struct rtnl_arrival arrival = {
		.src = address("10.3.0.2"), .dst = address("10.2.0.9"), .ifindex = if_nametoindex("right")};
	struct rtnl_arrival arrival6 = {
		.src = address("fd00:3::2"), .dst = address("fd00:1::9"), .ifindex = if_nametoindex("right")};
	struct rtnl_way way = {.ifindex = 77};
	struct err err = {0};

	put("/proc/sys/net/ipv4/conf/right/rp_filter", "0");
	put("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
	put("/proc/sys/net/ipv4/conf/right/forwarding", "1");
	assert_int_equal(rtnl_way_from(&arrival, &way, NULL), 0);
	assert_int_equal(way.ifindex, if_nametoindex("left"));
	assert_int_equal(way.prefix_len, 24);
	assert_int_equal(rtnl_way_from(&arrival6, &way, NULL), 0);
	assert_int_equal(way.ifindex, if_nametoindex("left"));
	assert_int_equal(way.prefix_len, 64);
	way.ifindex = 77;
	arrival.dst = address("192.88.99.1");
	assert_int_equal(rtnl_way_from(&arrival, &way, &err), -ENETUNREACH);
	assert_non_null(strstr(err.text, "the route to 192.88.99.1"));
	assert_int_equal(way.ifindex, 77);
}

static void on_route(const struct rtnl_route *route, void *data)
{
	struct found *f = data;

	if (!addr_equal(&route->dst, &f->want) || route->v4 != addr_is_v4(&f->want))
		return;
	f->ifindex = route->ifindex;
	f->n += route->prefix_len == (route->v4 ? 24 : 64);
}

static void test_routes(void **state)
{
	const char *const texts[] = {"10.1.0.0", "10.2.0.0", "fd00:1::"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct found f = {.want = address(texts[i])};

		assert_int_equal(rtnl_route_list(on_route, &f, NULL), 0);
		assert_int_equal(f.n, 1);
		assert_int_equal(f.ifindex, if_nametoindex("left"));
	}
}

static void on_feature(const char *name, void *data)
{
	*(unsigned *)data += !strcmp(name, "rx-gro");
}

static void test_features(void **state)
{
	struct err err = {0};
	unsigned n = 0;

	assert_int_equal(ethtool_features(if_nametoindex("left"), on_feature, &n, &err), 0);
	assert_in_range(n, 0, 1);
	assert_int_equal(ethtool_features(7777, on_feature, &n, &err), -ENODEV);
}

static void test_neighbour(void **state)
{
	enum rtnl_neighbour found = RTNL_NEIGHBOUR_SILENT;
	struct addr stranger = address("10.1.0.77");

	assert_int_equal(rtnl_neighbour(if_nametoindex("left"), &stranger, &found, NULL), 0);
	assert_int_equal(found, RTNL_NEIGHBOUR_UNKNOWN);
}

/* A packet for an address that no host has. */
static void test_silent(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct addr unused = address("10.1.0.78");
	struct rtnl_silent silent = {.found = false};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = addr_v4(&unused);
	assert_int_equal(sendto(fd, "", 1, 0, (const struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(rtnl_silent(if_nametoindex("left"), true, &silent, NULL), 0);
	assert_true(silent.found && addr_equal(&silent.addr, &unused));
	silent.found = false;
	assert_int_equal(rtnl_silent(if_nametoindex("right"), true, &silent, NULL), 0);
	assert_false(silent.found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses), cmocka_unit_test(test_ways),
					   cmocka_unit_test(test_ways_from), cmocka_unit_test(test_routes),
					   cmocka_unit_test(test_features),  cmocka_unit_test(test_neighbour),
					   cmocka_unit_test(test_silent)};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, setup, NULL);
}
