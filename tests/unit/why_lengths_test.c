/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of each flow: its long packets that are lost, and packets that are doubled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "why_rows.h"

#define ETHERNET 14
#define TUNNEL 44 /* IPv4, UDP, GTP-U with QFI */

/* A row of a TCP flow of the data network to the UE: n segments of that length, in so many packets. */
static struct event tcp(const char *interface, uint64_t n, uint64_t length, uint64_t packets)
{
	uint64_t link = strcmp(interface, "upfgtp") ? ETHERNET : 0;
	bool out = strcmp(interface, "n6");
	struct event e = row(KIND_FLOW, interface, out ? DIR_EGRESS : DIR_INGRESS, n);

	e.packets = packets;
	e.bytes = n * length + packets * link - (n - packets) * 40; /* headers of IP and TCP that are there once */
	return e;
}

static void add_n6(struct why_seen *s, const char *interface, uint64_t n, uint64_t length, uint64_t packets)
{
	struct event e = tcp(interface, n, length, packets);

	set_outer(&e, DN, UE);
	e.outer.proto = IPPROTO_TCP;
	why_seen_add(s, &e);
}

static void add_n3(struct why_seen *s, uint64_t n, uint64_t length)
{
	struct event e = tcp("n3", n, length + TUNNEL, n);

	set_teid(&e, DOWNLINK_TEID);
	e.gtp.qfi = 9;
	event_set(&e, F_GTP_QFI);
	set_inner(&e, DN, UE);
	e.inner.proto = IPPROTO_TCP;
	why_seen_add(s, &e);
}

static struct why_counts downlink(const struct why_seen *s)
{
	return sum(s).ways[WHY_DOWNLINK];
}

static struct why_seen *begin(void)
{
	struct why_question q = by_ue();
	struct why_session known = session();
	struct why_seen *s = why_seen_new(&q, &known);

	assert_non_null(s);
	add_session(s);
	return s;
}

static void test_in_order(void **state)
{
	_cleanup_(cleanup_seen) struct why_seen *s = begin();
	struct why_counts c;

	add_n6(s, "n6", 90, 1500, 3); /* bundles */
	add_n6(s, "upfgtp", 90, 1500, 90);
	add_n3(s, 89, 1500);
	c = downlink(s);
	assert_int_equal(c.long_lost[0].packets + c.long_lost[1].packets + c.doubled, 0);
}

static void test_before_the_device(void **state)
{
	_cleanup_(cleanup_seen) struct why_seen *s = begin();
	struct why_counts c;

	add_n6(s, "n6", 3, 60, 3);
	add_n6(s, "n6", 20, 1500, 2);
	add_n6(s, "upfgtp", 3, 60, 3);
	add_n3(s, 3, 60);
	c = downlink(s);
	assert_int_equal(c.long_lost[0].packets, 20);
	assert_int_equal(c.long_lost[0].bytes, 20 * 1500);
	assert_int_equal(c.long_lost[1].packets + c.doubled, 0);
}

static void test_behind_the_device(void **state)
{
	_cleanup_(cleanup_seen) struct why_seen *s = begin();
	struct event later = tcp("n3", 1, 60 + TUNNEL, 1);
	struct why_counts c;

	add_n6(s, "n6", 2, 1500, 2);
	add_n6(s, "upfgtp", 2, 1500, 2);
	c = downlink(s);
	assert_int_equal(c.long_lost[0].packets, 0);
	assert_int_equal(c.long_lost[1].packets, 2);
	assert_int_equal(c.long_lost[1].bytes, 2 * 1500);
	assert_int_equal(c.overtaken.packets, 0); /* they may wait in a queue */
	set_teid(&later, DOWNLINK_TEID);
	set_inner(&later, DN, UE);
	later.last_ns = NSEC_PER_SEC;
	event_set(&later, F_LAST_NS);
	why_seen_add(s, &later);
	assert_int_equal(downlink(s).overtaken.packets, 2);
}

/* Short packets are lost as well as long ones: their length is not why. */
static void test_any_length(void **state)
{
	_cleanup_(cleanup_seen) struct why_seen *s = begin();
	struct why_counts c;

	add_n6(s, "upfgtp", 100, 1500, 100);
	add_n3(s, 60, 1500);
	c = downlink(s);
	assert_int_equal(c.long_lost[1].packets, 0);
}

static void test_doubled(void **state)
{
	_cleanup_(cleanup_seen) struct why_seen *s = begin();
	struct why_counts c;

	add_n6(s, "n6", 10, 100, 10);
	add_n6(s, "upfgtp", 20, 100, 20);
	add_n3(s, 20, 100);
	c = downlink(s);
	assert_int_equal(c.doubled, 10);
}

/* An skb of which the kernel does not know how many packets it is, and packets that are on their way. */
static void test_not_doubled(void **state)
{
	_cleanup_(cleanup_seen) struct why_seen *s = begin();

	add_n6(s, "n6", 1, 60000, 1);
	add_n6(s, "upfgtp", 40, 1500, 40);
	add_n3(s, 42, 1500);
	assert_int_equal(downlink(s).doubled, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),	  cmocka_unit_test(test_before_the_device),
		cmocka_unit_test(test_behind_the_device), cmocka_unit_test(test_any_length),
		cmocka_unit_test(test_doubled),		  cmocka_unit_test(test_not_doubled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
