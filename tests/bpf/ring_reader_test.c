/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reading end of a ring while a BPF program writes into it as fast as it can, on another thread: a call
 * takes a bounded number of records and comes back, and none is lost without being counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "flow.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "gen.h"
#include "object.h"
#include "ring_reader.h"

#define SKIP_STATUS 77
#define REPEAT 1000 /* packets in a round: more records than the ring holds */

/* The flow program, without an interface: each packet is an event. */
struct flood {
	struct flow_bpf *bpf;
	struct gen *counts[5];
	struct ring *ring;
	pthread_t thread;
	unsigned rounds, delivered;
	bool stop;
};

static void load(struct flood *f)
{
	struct err err = {0};

	f->bpf = flow_bpf__open();
	assert_non_null(f->bpf);
	bpf_program__set_autoload(f->bpf->progs.context_softirq_entry, false);
	bpf_program__set_autoload(f->bpf->progs.context_softirq_exit, false);
	f->bpf->rodata->events_wanted = true;
	f->bpf->rodata->cpu_slots = (uint32_t)libbpf_num_possible_cpus();
	assert_int_equal(bpf_map__set_max_entries(f->bpf->maps.flow_ledgers, f->bpf->rodata->cpu_slots), 0);
	assert_int_equal(ring_prepare(f->bpf->obj, 65536, &err), 0);
	assert_int_equal(gen_prepare(&f->counts[0], f->bpf->maps.flows, 64, &err), 0);
	assert_int_equal(gen_prepare(&f->counts[1], f->bpf->maps.tunnels, 64, &err), 0);
	assert_int_equal(gen_prepare(&f->counts[2], f->bpf->maps.senders, 64, &err), 0);
	assert_int_equal(gen_prepare(&f->counts[3], f->bpf->maps.qualities, 64, &err), 0);
	assert_int_equal(gen_prepare(&f->counts[4], f->bpf->maps.gpdus, 64, &err), 0);
	assert_int_equal(bpf_map__set_max_entries(f->bpf->maps.orders, 64), 0);
	if (object_load(f->bpf->skeleton, "flow program", &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(gen_start(f->counts[i], &err), 0);
	assert_int_equal(ring_open(&f->ring, f->bpf->obj, &err), 0);
}

static void unload(struct flood *f)
{
	ring_free(f->ring);
	for (size_t i = 0; i < 5; i++)
		gen_free(f->counts[i]);
	flow_bpf__destroy(f->bpf);
}

static void *run_flood(void *data)
{
	struct flood *f = data;
	uint8_t packet[64] = {[12] = 0x08, [14] = 0x45, [17] = 50, [22] = 64, [23] = 17};

	while (!__atomic_load_n(&f->stop, __ATOMIC_ACQUIRE)) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
			    .repeat = REPEAT);
		if (bpf_prog_test_run_opts(bpf_program__fd(f->bpf->progs.flow_packet), &opts) < 0)
			break;
		__atomic_add_fetch(&f->rounds, 1, __ATOMIC_ACQ_REL);
	}
	return NULL;
}

static unsigned rounds(const struct flood *f)
{
	return __atomic_load_n(&f->rounds, __ATOMIC_ACQUIRE);
}

/* Takes as long as the flood needs to fill the ring once more: it is never empty. */
static void take_slowly(void *data, const void *record, size_t len)
{
	struct flood *f = data;
	unsigned before = rounds(f);

	f->delivered++;
	while (rounds(f) - before < 2)
		sched_yield();
}

static void drain_is_bounded_in_a_flood(void **state)
{
	struct ring_counts counts;
	struct flood f = {0};

	load(&f);
	assert_int_equal(pthread_create(&f.thread, NULL, run_flood, &f), 0);
	while (!rounds(&f))
		sched_yield();
	assert_int_equal(ring_drain(f.ring, 0, take_slowly, &f), 0);
	assert_int_equal(f.delivered, 0);
	for (unsigned turn = 1; turn <= 3; turn++) {
		assert_int_equal(ring_drain(f.ring, 50, take_slowly, &f), 50);
		assert_int_equal(f.delivered, turn * 50);
	}
	__atomic_store_n(&f.stop, true, __ATOMIC_RELEASE);
	pthread_join(f.thread, NULL);
	assert_int_equal(ring_counts(f.ring, &counts), 0);
	assert_int_equal(counts.delivered, f.delivered);
	assert_true(counts.pending > 0);
	assert_int_equal(counts.emitted, REPEAT * f.rounds);
	assert_int_equal(counts.emitted, counts.delivered + counts.pending + counts.lost[RING_LOST_FULL]);
	unload(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drain_is_bounded_in_a_flood),
	};

	if (geteuid() != 0) {
		printf("needs root\n");
		return SKIP_STATUS;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
