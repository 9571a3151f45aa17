/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What beside the session takes its packets: queues and filters of TC, another network with the UE's address, the UE in
 * the UPF's network namespace, the node's own firewall; and lengths that do not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "why_facts.h"

static void check_fine(const struct why_facts *f)
{
	struct why_answer a;

	why_judge(f, &a);
	if (a.state != WHY_FINE || a.n_notes)
		fail_msg("%s; %s", a.verdict, a.notes[0]);
}

static void add_queue(struct why_facts *f, const char *interface, const char *kind, uint64_t packets, uint64_t drops)
{
	struct why_queue *q = &f->queues.items[f->queues.n++];

	*q = (struct why_queue){.packets = packets, .drops = drops};
	snprintf(q->interface, sizeof(q->interface), "%s", interface);
	snprintf(q->kind, sizeof(q->kind), "%s", kind);
}

static void test_queues(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);

	add_queue(&f, "n3", "fq_codel", 961, 39); /* as it is where TCP finds its rate */
	add_queue(&f, "eth9", "tbf", 10, 900);
	check_fine(&f);
	f = fine(WHY_UPF_USER);
	add_queue(&f, "n3", "htb", 60, 40);
	add_queue(&f, "n3", "pfifo", 60, 40); /* of a class of it */
	check_reason(&f, WHY_DOWNLINK, "queue_drops",
		     "40 packets: the queue of n3 (qdisc htb) dropped 40 of 100 packets");
	f = fine(WHY_UPF_USER);
	stop_at(&f, WHY_DOWNLINK, WHY_LEFT);
	add_queue(&f, "upfgtp", "pfifo_fast", 5, N);
	check_reason(&f, WHY_DOWNLINK, "queue_drops", "the queue of upfgtp (qdisc pfifo_fast)");
}

static void test_filters(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);

	add_queue(&f, "n3", "clsact", N, N);
	check_fine(&f);
	stop_at(&f, WHY_UPLINK, WHY_REACHED);
	check_reason(&f, WHY_UPLINK, "tc_filter", "a TC filter at n3 dropped 100 packets");
	f.queues.items[0].drops = N / 2 - 1;
	check_reason(&f, WHY_UPLINK, "user_space", "no rule takes the packets");
}

static void test_queues_grown(void **state)
{
	struct why_queues before = {.n = 1}, now = {.n = 3}, grown;

	before.items[0] = (struct why_queue){.ifindex = 2, .handle = 1, .kind = "tbf", .packets = 10, .drops = 5};
	now.items[0] = (struct why_queue){.ifindex = 2, .handle = 1, .kind = "tbf", .packets = 30, .drops = 12};
	now.items[1] = (struct why_queue){.ifindex = 3, .handle = 1, .kind = "tbf", .packets = 3, .drops = 2}; /* new */
	now.items[2] = (struct why_queue){.ifindex = 2, .handle = 7, .kind = "pfifo", .packets = 9};
	why_queues_grown(&before, &now, &grown);
	assert_int_equal(grown.n, 2);
	assert_int_equal(grown.items[0].packets, 20);
	assert_int_equal(grown.items[0].drops, 7);
	assert_int_equal(grown.items[1].drops, 2);
}

static void test_other_network(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);
	struct why_answer a;

	stop_at(&f, WHY_DOWNLINK, WHY_REACHED);
	set_route(&f.net.to_ue, "br-1234", "10.60.0.1");
	f.net.stray.found = true; /* the default route */
	check_reason(&f, WHY_DOWNLINK, "no_ue_route", "goes by br-1234, not upfgtp");
	f.net.stray.dst = address("10.60.0.0");
	f.net.stray.prefix_len = 24;
	check_reason(&f, WHY_DOWNLINK, "no_ue_route", "10.60.0.0/24 of br-1234 has the UE's address within it");
	why_judge(&f, &a);
	assert_non_null(strstr(a.advice, "ip netns exec upf ip route replace 10.60.0.1 dev upfgtp"));
}

static void test_ue_beside(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);

	snprintf(f.net.ue_interface, sizeof(f.net.ue_interface), "uesimtun0");
	stop_at(&f, WHY_UPLINK, WHY_LEFT);
	check_reason(&f, WHY_UPLINK, "martian_source", "10.60.0.1 is the address of uesimtun0 here");
}

static void test_own_address(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);

	f.net.to_dn.local = true;
	f.seen.ways[WHY_UPLINK].left = 0;
	stop_at(&f, WHY_DOWNLINK, WHY_ARRIVED);
	check_reason(&f, WHY_DOWNLINK, "input_silent", "100 uplink packets for this node itself (10.70.0.2)");
	f.seen.ways[WHY_UPLINK].device = 0; /* they do not get as far */
	check_reason(&f, WHY_UPLINK, "user_space", "no rule takes the packets");
}

static void test_bridge(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);

	f.trace = (struct why_trace){.packets = N,
				     .netns = "host",
				     .bridge = "br0",
				     .port = "vgnb",
				     .interface = "n3",
				     .chain = "chain FORWARD of table filter",
				     .dropped = N / 2 - 1};
	check_fine(&f); /* they came by N3 all the same */
	stop_at(&f, WHY_UPLINK, WHY_ARRIVED);
	check_reason(&f, WHY_UPLINK, "bridge_filter",
		     "100 uplink packets came to vgnb, a port of br0 in host, and none to n3");
	check_reason(&f, WHY_UPLINK, "bridge_filter", "the packet filter there may drop them");
	f.trace.dropped = N;
	check_reason(&f, WHY_UPLINK, "bridge_filter", "chain FORWARD of table filter there dropped 100 meanwhile");
}

static void test_too_long(void **state)
{
	struct why_facts f = fine(WHY_UPF_USER);
	struct why_counts *down = &f.seen.ways[WHY_DOWNLINK];

	f.net.device_mtu = 1500;
	f.net.to_gnb.mtu = 1500;
	f.seen.ways[WHY_UPLINK].has_qfi = down->has_qfi = true;
	down->overtaken = (struct why_lengths){2, 2 * 1456}; /* they fit */
	check_fine(&f);
	down->overtaken.bytes++;
	check_reason(&f, WHY_DOWNLINK, "mtu",
		     "2 packets: the lost packets have 1456 bytes on average, and n3 (MTU 1500) takes");
	f.net.to_gnb.mtu = 0; /* not known */
	check_fine(&f);
	f.net.device_mtu = 1400;
	down->long_lost[0] = (struct why_lengths){1, 1500};
	check_fine(&f); /* other addresses before the device, perhaps */
	f.grown.values[WHY_FRAGMENTS] = 1;
	check_reason(&f, WHY_DOWNLINK, "mtu",
		     "loses 1 packet: the lost packet has 1500 bytes, and upfgtp (MTU 1400) takes at most");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queues),	     cmocka_unit_test(test_filters),
		cmocka_unit_test(test_queues_grown), cmocka_unit_test(test_other_network),
		cmocka_unit_test(test_ue_beside),    cmocka_unit_test(test_own_address),
		cmocka_unit_test(test_bridge),	     cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
