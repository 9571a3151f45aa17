/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow programs loaded for BPF_PROG_TEST_RUN, with small maps. A test that includes this includes cmocka.h first.
 */
#pragma once

#include "buf.h"
#include "flow.h"
#include "flow_entry.skel.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "gen.h"
#include "ring_reader.h"

#define FLOW_BENCH_ROOM 4096 /* keys in each map */
#define RECORDS_MAX 65536    /* more than any ring here holds */

struct bench {
	struct flow_bpf *bpf;
	struct flow_entry_bpf *entry;
	struct gen *flows, *gpdus, *tunnels, *senders, *qualities;
	struct ring *ring;
	struct flow_attachment attachment;
	struct probe_run run; /* for flow_ledger_read() */
	struct flow_ledger before;
	struct buf text; /* of the packet just run */
	unsigned records, cases, failures, from_sender, newcomers;
};

struct sums {
	uint64_t packets;
	unsigned rows; /* keys, each CPU's by itself */
};

int flow_bench_set_up(void **state);
int flow_bench_set_up_preemptible(void **state); /* as on a PREEMPT_RT kernel */
int flow_bench_set_up_l3(void **state);		 /* as at a device without a link-layer header */
int flow_bench_set_up_locked(void **state);	 /* as where the kernel lets no program read its memory */
int flow_bench_set_up_new_cpus(void **state);	 /* as if no CPU had been there at the start */
int flow_bench_tear_down(void **state);

/* Adds rows of flow values to the struct sums at data. */
void flow_bench_sum(void *data, const struct gen_row *row);
