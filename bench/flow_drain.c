/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How fast events leave a full ring: read and decoded alone, and as lines of JSON into nowhere; beside libbpf's own
 * consumer, which does nothing with a record. In turn, rounds of as many events as the ring holds; the best of each as
 * one JSON object. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "flow_entry.skel.h"
#include "object.h"
#include "ring_reader.h"

#define ROUNDS 15
#define RING_SIZE (16U << 20)
#define EVENTS 80000

/* clang-format off */
static const unsigned char packet[] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
	/* IPv4, UDP 2152 -> 2152 */
	0x45, 0, 0, 84, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x08, 0x68, 0x08, 0x68, 0, 64, 0, 0,
	/* G-PDU, E, TEID 0x4e; PDU Session Container, uplink, QFI 9 */
	0x34, 0xff, 0, 48, 0, 0, 0, 0x4e, 0, 0, 0, 0x85, 1, 0x10, 9, 0,
	/* inner IPv4, UDP 4000 -> 5000 */
	0x45, 0, 0, 40, 0, 1, 0, 0, 64, 17, 0, 0, 10, 60, 0, 1, 10, 70, 0, 2,
	0x0f, 0xa0, 0x13, 0x88, 0, 20, 0, 0,
	[97] = 0,
};
/* clang-format on */

struct bench {
	struct flow_bpf *bpf;
	struct flow_entry_bpf *entry;
	struct gen *gens[5];
	struct ring *ring;
	struct flow_interface interface;
	struct flow_attachment attachments[2];
	struct probe_run run; /* for flow_decode() */
	struct buf line;
	uint64_t told;
};

static int load(struct bench *b, struct err *err)
{
	struct bpf_map *maps[] = {b->bpf->maps.flows, b->bpf->maps.gpdus, b->bpf->maps.tunnels, b->bpf->maps.senders,
				  b->bpf->maps.qualities};
	uint32_t zero = 0;
	int r, fd;

	bpf_program__set_autoload(b->bpf->progs.context_softirq_entry, false);
	bpf_program__set_autoload(b->bpf->progs.context_softirq_exit, false);
	b->bpf->rodata->events_wanted = true;
	b->bpf->rodata->ring_batch = RING_SIZE;
	b->bpf->rodata->cpu_slots = b->entry->rodata->cpu_slots = flow_cpu_slots();
	bpf_map__set_max_entries(b->bpf->maps.flow_ledgers, b->bpf->rodata->cpu_slots);
	r = ring_prepare(b->bpf->obj, RING_SIZE, err);
	for (size_t i = 0; i < ARRAY_SIZE(maps) && r >= 0; i++)
		r = gen_prepare(&b->gens[i], maps[i], 1024, err);
	if (r >= 0)
		r = object_load(b->bpf->skeleton, "flow program", err);
	if (r < 0)
		return r;
	bpf_map__reuse_fd(b->entry->maps.flow_ledgers, bpf_map__fd(b->bpf->maps.flow_ledgers));
	bpf_map__reuse_fd(b->entry->maps.flow_entries, bpf_map__fd(b->bpf->maps.flow_entries));
	bpf_map__reuse_fd(b->entry->maps.flow_programs, bpf_map__fd(b->bpf->maps.flow_programs));
	r = object_load(b->entry->skeleton, "flow entry program", err);
	fd = bpf_program__fd(b->bpf->progs.flow_packet);
	if (r >= 0)
		r = bpf_map_update_elem(bpf_map__fd(b->bpf->maps.flow_programs), &zero, &fd, BPF_ANY);
	for (size_t i = 0; i < ARRAY_SIZE(maps) && r >= 0; i++)
		r = gen_start(b->gens[i], err);
	return r < 0 ? r : ring_open(&b->ring, b->bpf->obj, err);
}

static void prepare_run(struct bench *b)
{
	snprintf(b->interface.target.interface, sizeof(b->interface.target.interface), "eth0");
	snprintf(b->interface.target.netns_text, sizeof(b->interface.target.netns_text), "4026531833");
	b->interface.target.ifindex = 2;
	for (int i = 0; i < 2; i++)
		b->attachments[i] = (struct flow_attachment){.target = &b->interface.target, .egress = i};
	b->run = (struct probe_run){.interfaces = &b->interface, .attachments = b->attachments, .n_attachments = 2};
}

static int fill(struct bench *b)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = packet, .data_size_in = sizeof(packet), .repeat = EVENTS);

	return bpf_prog_test_run_opts(bpf_program__fd(b->entry->progs.teide), &o);
}

static void decode(void *data, const void *record, size_t len)
{
	struct bench *b = data;
	struct event e;

	b->told += flow_decode(&b->run, record, len, &e);
}

static void tell(void *data, const void *record, size_t len)
{
	struct bench *b = data;
	struct event e;

	if (!flow_decode(&b->run, record, len, &e))
		return;
	buf_reset(&b->line);
	event_to_json(&e, "node", 0, &b->line);
	b->told++;
}

/* Millions of events a second of CPU time; -errno. */
static int measure(struct bench *b, ring_record_fn fn, double *best)
{
	uint64_t before;
	int r = fill(b);

	if (r < 0)
		return r;
	b->told = 0;
	before = clock_thread_ns();
	ring_drain(b->ring, EVENTS, fn, b);
	*best = MAX(*best, (double)EVENTS * 1e3 / (double)(clock_thread_ns() - before));
	return b->told == EVENTS ? 0 : -EIO;
}

static int count_one(void *data, void *record, size_t len)
{
	struct bench *b = data;

	b->told++;
	return 0;
}

static int measure_peer(struct bench *b, struct ring_buffer *peer, double *best)
{
	uint64_t before;
	int r = fill(b);

	if (r < 0)
		return r;
	b->told = 0;
	before = clock_thread_ns();
	r = ring_buffer__consume(peer);
	*best = MAX(*best, (double)EVENTS * 1e3 / (double)(clock_thread_ns() - before));
	return r < 0 ? r : b->told == EVENTS ? 0 : -EIO;
}

int main(void)
{
	static struct bench b;
	double decoded = 0, json = 0, peer_best = 0;
	struct ring_buffer *peer = NULL;
	struct err err = {0};
	int r;

	b.bpf = flow_bpf__open();
	b.entry = flow_entry_bpf__open();
	r = b.bpf && b.entry ? load(&b, &err) : -errno;
	prepare_run(&b);
	if (r >= 0 && !(peer = ring_buffer__new(bpf_map__fd(b.bpf->maps.ring), count_one, &b, NULL)))
		r = -errno;
	for (int i = 0; i < ROUNDS && r >= 0; i++) {
		r = measure_peer(&b, peer, &peer_best);
		if (r >= 0)
			r = measure(&b, decode, &decoded);
		if (r >= 0)
			r = measure(&b, tell, &json);
	}
	if (r < 0) {
		fprintf(stderr, "flow_drain: %s\n", err.text[0] ? err.text : err_name(r));
		return 1;
	}
	printf("{\"bench\":\"flow_drain\",\"rounds\":%d,\"events\":%d,\"libbpf_m_per_s\":%.2f,\"decoded_m_per_s\":%.2f,"
	       "\"json_m_per_s\":%.2f,\"json_bytes\":%zu}\n",
	       ROUNDS, EVENTS, peer_best, decoded, json, b.line.len);
	return 0;
}
