/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow programs where something has no room: a packet is counted once, as what it is, or as what was full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "flow_bench.h"

/* Ethernet, IPv4, UDP from a port that makes a new flow. */
static void make_udp(uint8_t packet[64], uint16_t sport)
{
	static const uint8_t pattern[42] = {2, 0,  0,  0, 0, 2,	  2, 0, 0, 0,	0, 1, 8, 0, 0x45, 0, 0, 50, 0,	0, 0,
					    0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0, 0,	  0, 9, 0,  30, 0, 0};

	memset(packet, 0, 64);
	memcpy(packet, pattern, sizeof(pattern));
	packet[34] = (uint8_t)(sport >> 8);
	packet[35] = (uint8_t)sport;
}

static void count_record(void *data, const void *record, size_t len)
{
	++*(unsigned *)data;
}

/* A ring too small loses exactly what the ledger says; a map too small counts the rest as other. */
static void test_full_ring_and_map(void **state)
{
	const unsigned n = FLOW_BENCH_ROOM + 2000;
	struct bench *b = *state;
	struct sums flows = {0};
	struct ring_counts ring;
	uint8_t packet[64];
	unsigned delivered = 0;

	for (unsigned i = 0; i < n; i++) {
		make_udp(packet, (uint16_t)(10000 + i));
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
	}
	assert_int_equal(ring_counts(b->ring, &ring), 0);
	/* 8 bytes go before each record; the last one must leave a byte */
	assert_int_equal(ring.pending, 65535 / (8 + sizeof(struct flow_record)));
	assert_int_equal(ring.emitted, n);
	assert_int_equal(ring.lost[RING_LOST_FULL], n - ring.pending);
	ring_drain(b->ring, 100, count_record, &delivered);
	assert_int_equal(delivered, 100);
	assert_int_equal(ring_counts(b->ring, &ring), 0);
	assert_int_equal(ring.delivered, 100);
	assert_int_equal(ring.emitted, ring.delivered + ring.pending + ring.lost[RING_LOST_FULL]);
	ring_drain(b->ring, RECORDS_MAX, count_record, &delivered);
	assert_int_equal(gen_collect(b->flows, flow_bench_sum, &flows), 0);
	flow_ledger_read(&b->run, 0, &b->before);
	assert_int_equal(flows.packets + b->before.other[OTHER_FLOW].packets, n);
	assert_int_equal(flows.rows, FLOW_BENCH_ROOM);
	assert_int_equal(b->before.head[HEAD_IP], n);
}

/* One flow of many in a tunnel: a UE's UDP port. */
static size_t make_gpdu(uint8_t packet[100], uint16_t port)
{
	static const uint8_t g_pdu[36] = {0x30, 255, 0,	 28, 0, 0, 0,  7,   0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17,
					  0,	0,   10, 60, 0, 1, 10, 200, 0,	  2, 0, 0,  0, 9, 0, 8, 0,  0};

	make_udp(packet, 2152);
	packet[17] = 28 + sizeof(g_pdu);
	packet[36] = 2152 >> 8;
	packet[37] = 2152 & 0xff;
	packet[39] = 8 + sizeof(g_pdu);
	memcpy(packet + 42, g_pdu, sizeof(g_pdu));
	packet[42 + 28] = (uint8_t)(port >> 8);
	packet[42 + 29] = (uint8_t)port;
	return 42 + sizeof(g_pdu);
}

/* A tunnel of more flows than there is room for: each packet is counted in one place, and the tunnel has all of them.
 */
static void test_full_gpdus(void **state)
{
	const unsigned n = FLOW_BENCH_ROOM + 1000;
	struct bench *b = *state;
	struct sums gpdus = {0}, tunnels = {0}, flows = {0};
	struct flow_ledger ledger;
	uint8_t packet[100];

	for (unsigned i = 0; i < n; i++) {
		size_t len = make_gpdu(packet, (uint16_t)i);
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = (uint32_t)len);

		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
	}
	flow_ledger_read(&b->run, 0, &ledger);
	assert_int_equal(ledger.head[HEAD_GTPU], n);
	assert_int_equal(gen_collect(b->gpdus, flow_bench_sum, &gpdus), 0);
	assert_int_equal(gen_collect(b->tunnels, flow_bench_sum, &tunnels), 0);
	assert_int_equal(gen_collect(b->flows, flow_bench_sum, &flows), 0);
	assert_int_equal(gpdus.rows, FLOW_BENCH_ROOM);
	assert_int_equal(gpdus.packets, FLOW_BENCH_ROOM);
	assert_int_equal(ledger.other[OTHER_FLOW].packets, n - FLOW_BENCH_ROOM);
	assert_int_equal(tunnels.packets, n - FLOW_BENCH_ROOM);
	assert_int_equal(ledger.other[OTHER_TUNNEL].packets, 0);
	assert_int_equal(flows.rows, 0);
}

static void sum_requests(void *data, const struct gen_row *row)
{
	*(uint64_t *)data += ((const struct quality_value *)row->value)->packets;
}

/* Echo Requests: a place for each that waits for its answer; one without a place is counted as that alone. */
static void test_full_echoes(void **state)
{
	struct bench *b = *state;
	const unsigned places = bpf_map__max_entries(b->bpf->maps.echoes), n = places + 100;
	struct flow_ledger ledger = {0};
	uint64_t requests = 0;
	uint8_t packet[64];

	for (unsigned i = 0; i < n; i++) {
		const uint8_t gtp[] = {0x32, 1, 0, 4, 0, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i, 0, 0};
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

		make_udp(packet, 2152);
		packet[36] = 2152 >> 8;
		packet[37] = 2152 & 0xff;
		memcpy(packet + 42, gtp, sizeof(gtp));
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
	}
	assert_int_equal(gen_collect(b->qualities, sum_requests, &requests), 0);
	flow_ledger_read(&b->run, 0, &ledger);
	assert_int_equal(requests, places);
	assert_int_equal(ledger.other[OTHER_QUALITY].packets, n - places);
}

/* As if on each CPU another task's program were under way; from is what stands there now. */
static void change_users(const struct bench *b, unsigned from, unsigned to)
{
	int fd = bpf_map__fd(b->bpf->maps.flow_entries), cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct flow_entry *entries = calloc((size_t)cpus, sizeof(*entries));
	uint32_t zero = 0;

	assert_non_null(entries);
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, entries), 0);
	for (int cpu = 0; cpu < cpus; cpu++) {
		assert_int_equal(entries[cpu].users, from);
		entries[cpu].users = to;
	}
	assert_int_equal(bpf_map_update_elem(fd, &zero, entries, BPF_ANY), 0);
}

static void run_udp(const struct bench *b)
{
	uint8_t packet[64];

	make_udp(packet, 10000);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
}

/* A packet whose program finds the CPU's place taken leaves all there as it is, and is counted as that alone. */
static void test_preempted(void **state)
{
	struct bench *b = *state;
	struct flow_ledger ledger;
	struct sums flows = {0};

	run_udp(b);
	change_users(b, 0, 1);
	run_udp(b);
	run_udp(b);
	change_users(b, 1, 0);
	run_udp(b);
	change_users(b, 0, 0);
	flow_ledger_read(&b->run, 0, &ledger);
	assert_int_equal(ledger.seen, 2);
	assert_int_equal(ledger.preempted, 2);
	assert_int_equal(ledger.head[HEAD_IP], 2);
	assert_int_equal(gen_collect(b->flows, flow_bench_sum, &flows), 0);
	assert_int_equal(flows.packets, 2);
}

/* A CPU for which there is no ledger: the packets are counted as that alone. */
static void test_new_cpus(void **state)
{
	struct bench *b = *state;
	struct flow_ledger ledger;
	struct sums flows = {0};

	run_udp(b);
	run_udp(b);
	flow_ledger_read(&b->run, 0, &ledger);
	assert_int_equal(ledger.new_cpu, 2);
	assert_int_equal(ledger.seen + ledger.preempted + ledger.no_program, 0);
	assert_int_equal(gen_collect(b->flows, flow_bench_sum, &flows), 0);
	assert_int_equal(flows.packets, 0);
}

/* The place is free again also where there is no program to call. */
static void test_no_program(void **state)
{
	struct bench *b = *state;
	struct flow_ledger ledger;
	uint32_t zero = 0;

	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(b->bpf->maps.flow_programs), &zero), 0);
	run_udp(b);
	run_udp(b);
	change_users(b, 0, 0);
	flow_ledger_read(&b->run, 0, &ledger);
	assert_int_equal(ledger.no_program, 2);
	assert_int_equal(ledger.preempted, 0);
}

static void sum_bytes(void *data, const struct gen_row *row)
{
	*(uint64_t *)data += ((const struct flow_value *)row->value)->bytes;
}

/* gtp5g leaves N3's headers before the packet that it took out: the network header counts. Where the lengths do not
 * agree, the first byte does, which here is Ethernet's. */
static void test_headers_left_before(void **state)
{
	struct bench *b = *state;
	struct flow_ledger ledger;
	uint64_t bytes = 0;
	uint8_t packet[64];

	run_udp(b);
	make_udp(packet, 10000);
	packet[17] = 30;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
	flow_ledger_read(&b->run, 0, &ledger);
	assert_int_equal(ledger.seen, 2);
	assert_int_equal(ledger.head[HEAD_IP], 1);
	assert_int_equal(ledger.head[HEAD_IP_BAD], 1);
	assert_int_equal(gen_collect(b->flows, sum_bytes, &bytes), 0);
	assert_int_equal(bytes, sizeof(packet) - 14);
}

/* Of a bundle of more packets than are told apart, the rest has no tunnel, and no packet is lost or counted twice. All
 * of it has the lengths that it has on the wire. The kernel tells the program of a locked one nothing of the bundle but
 * the size of its segments. */
static void test_more_than_are_told_apart(void **state)
{
	static const uint8_t g_pdu[36] = {0x30, 255, 0,	 28, 0, 0, 0,  7,   0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17,
					  0,	0,   10, 60, 0, 1, 10, 200, 0,	  2, 0, 9,  0, 9, 0, 8, 0,  0};
	const unsigned packets = 90, size = sizeof(g_pdu), more = 150, short_size = 8;
	uint8_t skb[42 + sizeof(g_pdu) * 90];
	struct __sk_buff context = {.gso_size = size, .gso_segs = packets};
	struct bench *b = *state;
	struct flow_ledger ledger;
	struct sums flows = {0};
	uint64_t bytes = 0;

	make_udp(skb, 2152);
	skb[36] = 2152 >> 8;
	skb[37] = 2152 & 0xff;
	for (unsigned i = 0; i < packets; i++)
		memcpy(skb + 42 + i * size, g_pdu, size);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = skb, .data_size_in = sizeof(skb), .ctx_in = &context,
		    .ctx_size_in = sizeof(context));
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
	/* messages of a header alone */
	for (unsigned i = 0; i < more; i++)
		memcpy(skb + 42 + i * short_size, (uint8_t[]){0x30, 254, 0, 0, 0, 0, 0, 7}, short_size);
	context.gso_size = short_size;
	context.gso_segs = more;
	opts.data_size_in = 42 + more * short_size;
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &opts), 0);
	flow_ledger_read(&b->run, 0, &ledger);
	assert_int_equal(ledger.head[HEAD_GTPU_BUNDLE], 2);
	assert_int_equal(ledger.bundled[HEAD_GTPU], packets);
	assert_int_equal(ledger.bundled[HEAD_GTPU_MESSAGE], 128);
	assert_int_equal(ledger.bundled[HEAD_GTPU_BUNDLE], more - 128);
	assert_int_equal(gen_collect(b->tunnels, flow_bench_sum, &flows), 0);
	assert_int_equal(flows.packets, 128);
	assert_int_equal(gen_collect(b->flows, sum_bytes, &bytes), 0);
	assert_int_equal(gen_collect(b->gpdus, sum_bytes, &bytes), 0);
	assert_int_equal(bytes, packets * (42 + size) + more * (42 + short_size));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_full_ring_and_map, flow_bench_set_up, flow_bench_tear_down),
		cmocka_unit_test_setup_teardown(test_full_gpdus, flow_bench_set_up, flow_bench_tear_down),
		cmocka_unit_test_setup_teardown(test_full_echoes, flow_bench_set_up, flow_bench_tear_down),
		cmocka_unit_test_setup_teardown(test_headers_left_before, flow_bench_set_up_l3, flow_bench_tear_down),
		cmocka_unit_test_setup_teardown(test_preempted, flow_bench_set_up_preemptible, flow_bench_tear_down),
		cmocka_unit_test_setup_teardown(test_more_than_are_told_apart, flow_bench_set_up_locked,
						flow_bench_tear_down),
		cmocka_unit_test_setup_teardown(test_new_cpus, flow_bench_set_up_new_cpus, flow_bench_tear_down),
		cmocka_unit_test_setup_teardown(test_no_program, flow_bench_set_up_preemptible, flow_bench_tear_down),
	};

	if (geteuid() != 0) {
		printf("needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
