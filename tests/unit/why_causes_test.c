/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's own counters name what takes packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "why_facts.h"

static const char snmp[] = "Ip: Forwarding DefaultTTL InAddrErrors OutNoRoutes FragFails\n"
			   "Ip: 1 64 5 7 9\n"
			   "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors\n"
			   "Udp: 100 2 3 200 11 0 13\n";

static void test_texts(void **state)
{
	static const char six[] = "Ip6OutNoRoutes                  \t4\nUdp6InCsumErrors\t21\n";
	static const char columns[] = "entries  in_martian_dst in_martian_src\n"
				      "00000006 00000000       000000f0\n"
				      "00000006 00000000       00000010\n";

	assert_int_equal(why_counter_in_pair(snmp, "Udp:", "InCsumErrors"), 13);
	assert_int_equal(why_counter_in_pair(snmp, "Udp:", "RcvbufErrors"), 11);
	assert_int_equal(why_counter_in_pair(snmp, "Ip:", "FragFails"), 9);
	assert_int_equal(why_counter_in_pair(snmp, "Ip:", "InCsumErrors"), 0);
	assert_int_equal(why_counter_in_pair(snmp, "Icmp:", "InMsgs"), 0);
	assert_int_equal(why_counter_in_pair("Udp: NoPorts\n", "Udp:", "NoPorts"), 0);
	assert_int_equal(why_counter_in_pair("", "Udp:", "NoPorts"), 0);
	assert_int_equal(why_counter_in_line(six, "Udp6InCsumErrors"), 21);
	assert_int_equal(why_counter_in_line(six, "Udp6InCsum"), 0);
	assert_int_equal(why_counter_in_column(columns, "in_martian_src"), 0x100);
	assert_int_equal(why_counter_in_column(columns, "in_no_route"), 0);
	assert_int_equal(why_counter_in_column("", "drop"), 0);
}

static void test_grown(void **state)
{
	struct why_counters before = {{0}}, now = {{0}}, sum = {{0}};

	before.values[WHY_NO_ROUTE] = 5;
	now.values[WHY_NO_ROUTE] = 12;
	before.values[WHY_FRAGMENTS] = 9; /* a counter that began anew */
	why_counters_grown(&before, &now, &sum);
	assert_int_equal(sum.values[WHY_NO_ROUTE], 7);
	assert_int_equal(sum.values[WHY_FRAGMENTS], 0);
}

static void test_before_the_upf(void **state)
{
	static const struct {
		enum why_counter counter;
		const char *reason, *part;
	} cases[] = {
		{WHY_UDP_CHECKSUM, "udp_checksum", "100 packets with a wrong outer UDP checksum"},
		{WHY_UDP6_CHECKSUM, "udp_checksum", "100 packets with a wrong outer UDP checksum"},
		{WHY_UDP_QUEUE, "queue_full", "100 packets for which the receive queue"},
		{WHY_MARTIAN_SOURCE, "martian_source", "100 packets from a source address"},
		{WHY_REVERSE_PATH, "rp_filter", "100 packets dropped by the reverse path filter"},
		{WHY_NOT_LOCAL, "not_local", "100 packets for an address"},
		{WHY_CONNTRACK, "conntrack_full", "100 packets refused"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct why_facts f = fine(WHY_UPF_USER);

		stop_at(&f, WHY_UPLINK, WHY_REACHED);
		f.grown.values[cases[i].counter] = N;
		f.net.to_gnb.local = true;
		check_reason(&f, WHY_UPLINK, cases[i].reason, cases[i].part);
	}
}

static void test_behind_the_upf(void **state)
{
	struct why_facts base = fine(WHY_UPF_GTP), f;

	stop_at(&base, WHY_DOWNLINK, WHY_REACHED);
	f = base;
	f.grown.values[WHY_REVERSE_PATH] = N;
	check_reason(&f, WHY_DOWNLINK, "rp_filter", "reverse path filter");
	f = base;
	f.grown.values[WHY_FRAGMENTS] = N;
	check_reason(&f, WHY_DOWNLINK, "mtu", "longer than the MTU");
	f = base;
	f.grown.values[WHY_HEADER] = N;
	check_reason(&f, WHY_DOWNLINK, "ip_header", "wrong IP header");
	f = fine(WHY_UPF_USER);
	stop_at(&f, WHY_DOWNLINK, WHY_LEFT);
	f.grown.values[WHY_NO_ROUTE] = N;
	check_reason(&f, WHY_DOWNLINK, "no_route", "without a route");
}

/* A few of other packets prove nothing; what the module tells of a packet is no guess. */
static void test_no_proof(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);

	stop_at(&f, WHY_UPLINK, WHY_REACHED);
	f.grown.values[WHY_UDP_CHECKSUM] = N / 2 - 1;
	check_reason(&f, WHY_UPLINK, "user_space", "no rule takes the packets");
	f.grown.values[WHY_MARTIAN_SOURCE] = N; /* of another namespace: the gNB's address is not this one's */
	check_reason(&f, WHY_UPLINK, "user_space", "no rule takes the packets");
	f = fine(WHY_UPF_GTP5G);
	drop(&f, WHY_DOWNLINK, "dropped", "far_drop");
	f.grown.values[WHY_FRAGMENTS] = N;
	check_reason(&f, WHY_DOWNLINK, "far_drop", "says drop");
}

/* Too few to be a loss of the session, and yet its downloads hang. */
static void test_a_few_too_long(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);
	struct why_answer a;

	f.grown.values[WHY_FRAGMENTS] = 1;
	why_judge(&f, &a);
	assert_int_equal(a.state, WHY_FINE);
	assert_int_equal(a.n_notes, 1);
	assert_non_null(strstr(a.notes[0], "1 packet of any session was longer than the MTU"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),	       cmocka_unit_test(test_grown),
		cmocka_unit_test(test_before_the_upf), cmocka_unit_test(test_behind_the_upf),
		cmocka_unit_test(test_no_proof),       cmocka_unit_test(test_a_few_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
