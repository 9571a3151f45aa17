/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the flow probe costs a packet: its programs under BPF_PROG_TEST_RUN, beside an empty program
 * and beside one ring event per packet, in turn, many rounds; medians as one JSON object. The entry
 * program and its tail call are part of the cost. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "flow_entry.skel.h"
#include "gen.h"
#include "object.h"
#include "ring_reader.h"
#include "ring_event.skel.h"

#define ROUNDS 15
#define REPEAT 200000

/* clang-format off */
static const unsigned char udp_packet[] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
	/* IPv4, UDP 4000 -> 5000 */
	0x45, 0, 0, 60, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x0f, 0xa0, 0x13, 0x88, 0, 40, 0, 0,
	[73] = 0,
};
/* clang-format on */

/* clang-format off */
static const unsigned char gtpu_packet[] = {
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

struct subject {
	const char *name;
	int fd;
	const unsigned char *packet;
	unsigned size;
	double ns[ROUNDS];
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int measure(struct subject *s, int round)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = s->packet, .data_size_in = s->size, .repeat = REPEAT);
	int r = bpf_prog_test_run_opts(s->fd, &o);

	if (r < 0)
		return r;
	s->ns[round] = o.duration;
	return 0;
}

static double median(struct subject *s)
{
	qsort(s->ns, ROUNDS, sizeof(s->ns[0]), by_value);
	return s->ns[ROUNDS / 2];
}

static int ignore(void *ctx, void *data, size_t size)
{
	return 0;
}

/* Every subject in turn, the peer's ring emptied between: a full one would make it look cheap. */
static int run_rounds(struct subject *s, size_t n, struct ring_event_bpf *peer)
{
	struct ring_buffer *ring = ring_buffer__new(bpf_map__fd(peer->maps.events), ignore, NULL, NULL);
	int r = ring ? 0 : -errno;

	for (int round = 0; round < ROUNDS && r >= 0; round++) {
		for (size_t i = 0; i < n && r >= 0; i++)
			r = measure(&s[i], round);
		if (r >= 0)
			r = ring_buffer__consume(ring);
	}
	ring_buffer__free(ring);
	return r;
}

/* The probe's programs as start() sets them up, without an interface. */
static int load_flow(struct flow_bpf *bpf, struct flow_entry_bpf *entry, struct gen **gens, struct err *err)
{
	uint32_t zero = 0;
	int r, fd;

	bpf_program__set_autoload(bpf->progs.context_softirq_entry, false);
	bpf_program__set_autoload(bpf->progs.context_softirq_exit, false);
	bpf->rodata->newcomers_wanted = true;
	bpf->rodata->cpu_slots = entry->rodata->cpu_slots = flow_cpu_slots();
	bpf_map__set_max_entries(bpf->maps.flow_ledgers, bpf->rodata->cpu_slots);
	r = ring_prepare(bpf->obj, 1 << 20, err);
	if (r >= 0)
		r = gen_prepare(&gens[0], bpf->maps.flows, 65536, err);
	if (r >= 0)
		r = gen_prepare(&gens[1], bpf->maps.tunnels, 16384, err);
	if (r >= 0)
		r = gen_prepare(&gens[2], bpf->maps.senders, 1024, err);
	if (r >= 0)
		r = gen_prepare(&gens[3], bpf->maps.qualities, 4096, err);
	if (r >= 0)
		r = gen_prepare(&gens[4], bpf->maps.gpdus, 65536, err);
	if (r >= 0)
		r = bpf_map__set_max_entries(bpf->maps.orders, 4096);
	if (r >= 0)
		r = object_load(bpf->skeleton, "flow program", err);
	if (r < 0)
		return r;
	bpf_map__reuse_fd(entry->maps.flow_ledgers, bpf_map__fd(bpf->maps.flow_ledgers));
	bpf_map__reuse_fd(entry->maps.flow_entries, bpf_map__fd(bpf->maps.flow_entries));
	bpf_map__reuse_fd(entry->maps.flow_programs, bpf_map__fd(bpf->maps.flow_programs));
	r = object_load(entry->skeleton, "flow entry program", err);
	fd = bpf_program__fd(bpf->progs.flow_packet);
	if (r >= 0)
		r = bpf_map_update_elem(bpf_map__fd(bpf->maps.flow_programs), &zero, &fd, BPF_ANY);
	for (int i = 0; i < 5 && r >= 0; i++)
		r = gen_start(gens[i], err);
	return r;
}

static void print(struct subject *s, size_t n)
{
	double empty = median(&s[0]), ring = median(&s[1]) - empty;

	printf("{\"bench\":\"flow_cost\",\"rounds\":%d,\"repeat\":%d,\"empty_ns\":%.1f", ROUNDS, REPEAT, empty);
	for (size_t i = 1; i < n; i++) {
		double over = median(&s[i]) - empty;

		printf(",\"%s_over_empty_ns\":%.1f", s[i].name, over);
		if (i > 1)
			printf(",\"%s_to_ring_event\":%.2f", s[i].name, over / ring);
	}
	printf("}\n");
}

int main(void)
{
	struct ring_event_bpf *peer = ring_event_bpf__open_and_load();
	struct flow_entry_bpf *entry = flow_entry_bpf__open();
	struct flow_bpf *bpf = flow_bpf__open();
	struct gen *gens[5] = {0};
	struct err err = {0};
	int r = peer && entry && bpf ? load_flow(bpf, entry, gens, &err) : -errno;

	if (r < 0) {
		fprintf(stderr, "flow_cost: %s\n", err.text[0] ? err.text : err_name(r));
		return 1;
	}
	int flow = bpf_program__fd(entry->progs.teide);
	struct subject subjects[] = {
		{"empty", bpf_program__fd(peer->progs.empty), udp_packet, sizeof(udp_packet), {0}},
		{"ring_event", bpf_program__fd(peer->progs.ring_event), udp_packet, sizeof(udp_packet), {0}},
		{"flow_udp", flow, udp_packet, sizeof(udp_packet), {0}},
		{"flow_gtpu", flow, gtpu_packet, sizeof(gtpu_packet), {0}},
	};

	r = run_rounds(subjects, ARRAY_SIZE(subjects), peer);
	if (r < 0) {
		fprintf(stderr, "flow_cost: test run: %s\n", err_name(r));
		return 1;
	}
	print(subjects, ARRAY_SIZE(subjects));
	return 0;
}
