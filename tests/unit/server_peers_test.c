/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "peers.h"

static struct peers peers;

static int setup(void **state)
{
	memset(&peers, 0, sizeof(peers));
	return 0;
}

static struct peer *add(const char *client, uint64_t since)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct peer *p;

	if (inet_pton(AF_INET, client, &v4.sin_addr) == 1) {
		p = peers_add(&peers, 5, (struct sockaddr *)&v4);
	} else {
		assert_int_equal(inet_pton(AF_INET6, client, &v6.sin6_addr), 1);
		p = peers_add(&peers, 5, (struct sockaddr *)&v6);
	}
	if (p)
		p->since_ns = since;
	return p;
}

/* Each in the order in which it is to go. */
static void assert_order(struct peer *const *order, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(peers_least(&peers), order[i]);
		peers_remove(&peers, order[i]);
	}
	assert_null(peers_least(&peers));
	assert_int_equal(peers.len, 0);
}

static void without_a_token_first_then_idle_then_the_longest(void **state)
{
	struct peer *busy = add("10.0.0.1", 1), *idle = add("10.0.0.1", 3), *longer = add("10.0.0.1", 2);
	struct peer *stranger = add("10.0.0.1", 9), *asking = add("10.0.0.1", 8);

	busy->trusted = busy->busy = idle->trusted = longer->trusted = asking->busy = true;
	assert_order((struct peer *[]){asking, stranger, longer, idle, busy}, 5);
}

static void the_client_with_most_connections_first(void **state)
{
	struct peer *one = add("10.0.0.1", 1), *a = add("10.0.0.2", 5), *b = add("10.0.0.2", 6);

	assert_order((struct peer *[]){a, one, b}, 3);
}

static void a_client_of_ipv6_is_a_network(void **state)
{
	struct peer *one = add("2001:db8:0:1::1", 1), *a = add("2001:db8:0:2::1", 5);
	struct peer *b = add("2001:db8:0:2:ffff::2", 6);

	assert_order((struct peer *[]){a, one, b}, 3);
}

static void mapped_ipv4_clients_are_told_apart(void **state)
{
	struct peer *one = add("::ffff:10.0.0.1", 1), *a = add("::ffff:10.0.0.2", 5), *b = add("10.0.0.2", 6);

	assert_order((struct peer *[]){a, one, b}, 3);
}

static void places_are_bounded_and_used_again(void **state)
{
	struct peer *last = NULL;

	for (int i = 0; i < PEERS_MAX; i++)
		last = add("10.0.0.1", 1);
	assert_non_null(last);
	assert_null(add("10.0.0.1", 1));
	peers_remove(&peers, last);
	assert_non_null(add("10.0.0.1", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_token_first_then_idle_then_the_longest, setup),
		cmocka_unit_test_setup(the_client_with_most_connections_first, setup),
		cmocka_unit_test_setup(a_client_of_ipv6_is_a_network, setup),
		cmocka_unit_test_setup(mapped_ipv4_clients_are_told_apart, setup),
		cmocka_unit_test_setup(places_are_bounded_and_used_again, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
