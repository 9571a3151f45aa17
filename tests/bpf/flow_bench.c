/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "cpu_context.h"
#include "flow_bench.h"
#include "object.h"
#include "pidns.h"

static void open_programs(struct bench *b, struct err *err)
{
	struct cpu_context context;

	b->bpf = flow_bpf__open();
	b->entry = flow_entry_bpf__open();
	assert_non_null(b->bpf);
	assert_non_null(b->entry);
	cpu_context_find(&context);
	b->bpf->rodata->events_wanted = true;
	b->bpf->rodata->newcomers_wanted = true;
	b->bpf->rodata->task_pidns = pidns_of_proc("");
	b->bpf->rodata->context_count_address = context.context_count_address;
	b->bpf->rodata->context_cpu_offsets = context.context_cpu_offsets;
	b->bpf->rodata->context_by_tracepoint = context.context_by_tracepoint;
	bpf_program__set_autoload(b->bpf->progs.context_softirq_entry, context.context_by_tracepoint);
	bpf_program__set_autoload(b->bpf->progs.context_softirq_exit, context.context_by_tracepoint);
	b->entry->rodata->egress = 1;
	assert_int_equal(flow_ledgers_prepare(&b->run, b->bpf->maps.flow_ledgers, 1, err), 0);
	b->bpf->rodata->cpu_slots = b->entry->rodata->cpu_slots = b->run.cpu_slots;
	assert_int_equal(ring_prepare(b->bpf->obj, 65536, err), 0);
	assert_int_equal(gen_prepare(&b->flows, b->bpf->maps.flows, FLOW_BENCH_ROOM, err), 0);
	assert_int_equal(gen_prepare(&b->gpdus, b->bpf->maps.gpdus, FLOW_BENCH_ROOM, err), 0);
	assert_int_equal(gen_prepare(&b->tunnels, b->bpf->maps.tunnels, FLOW_BENCH_ROOM, err), 0);
	assert_int_equal(gen_prepare(&b->senders, b->bpf->maps.senders, 16, err), 0);
	assert_int_equal(gen_prepare(&b->qualities, b->bpf->maps.qualities, FLOW_BENCH_ROOM, err), 0);
	assert_int_equal(bpf_map__set_max_entries(b->bpf->maps.orders, FLOW_BENCH_ROOM), 0);
}

static void load_programs(struct bench *b, struct err *err)
{
	uint32_t zero = 0;
	int fd;

	if (object_load(b->bpf->skeleton, "flow program", err) < 0)
		fail_msg("%s", err->text);
	bpf_map__reuse_fd(b->entry->maps.flow_ledgers, bpf_map__fd(b->bpf->maps.flow_ledgers));
	bpf_map__reuse_fd(b->entry->maps.flow_entries, bpf_map__fd(b->bpf->maps.flow_entries));
	bpf_map__reuse_fd(b->entry->maps.flow_programs, bpf_map__fd(b->bpf->maps.flow_programs));
	if (object_load(b->entry->skeleton, "flow entry program", err) < 0)
		fail_msg("%s", err->text);
	fd = bpf_program__fd(b->bpf->progs.flow_packet);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(b->bpf->maps.flow_programs), &zero, &fd, BPF_ANY), 0);
	assert_int_equal(gen_start(b->flows, err), 0);
	assert_int_equal(gen_start(b->gpdus, err), 0);
	assert_int_equal(gen_start(b->tunnels, err), 0);
	assert_int_equal(gen_start(b->senders, err), 0);
	assert_int_equal(gen_start(b->qualities, err), 0);
	assert_int_equal(ring_open(&b->ring, b->bpf->obj, err), 0);
	b->run.attachments = &b->attachment;
	assert_int_equal(flow_ledgers_open(&b->run, b->bpf->maps.flow_ledgers, err), 0);
}

struct bench_kernel {
	bool preemptible, l3, locked, new_cpus;
};

static int make_bench(void **state, struct bench_kernel kernel)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct object_capture capture;
	struct err err = {0};

	object_begin(&capture);
	open_programs(b, &err);
	b->bpf->rodata->preemptible = b->entry->rodata->preemptible = kernel.preemptible;
	b->bpf->rodata->kernel_reads = !kernel.locked;
	b->entry->rodata->l3 = kernel.l3;
	if (kernel.new_cpus)
		b->entry->rodata->cpu_slots = 0;
	object_end(&capture, 0, NULL, NULL);
	load_programs(b, &err);
	*state = b;
	return 0;
}

int flow_bench_set_up(void **state)
{
	return make_bench(state, (struct bench_kernel){0});
}

int flow_bench_set_up_preemptible(void **state)
{
	return make_bench(state, (struct bench_kernel){.preemptible = true});
}

int flow_bench_set_up_l3(void **state)
{
	return make_bench(state, (struct bench_kernel){.l3 = true});
}

int flow_bench_set_up_locked(void **state)
{
	return make_bench(state, (struct bench_kernel){.locked = true});
}

int flow_bench_set_up_new_cpus(void **state)
{
	return make_bench(state, (struct bench_kernel){.new_cpus = true});
}

int flow_bench_tear_down(void **state)
{
	struct bench *b = *state;

	ring_free(b->ring);
	flow_ledgers_close(&b->run);
	gen_free(b->flows);
	gen_free(b->gpdus);
	gen_free(b->tunnels);
	gen_free(b->senders);
	gen_free(b->qualities);
	flow_entry_bpf__destroy(b->entry);
	flow_bpf__destroy(b->bpf);
	buf_free(&b->text);
	free(b);
	return 0;
}

void flow_bench_sum(void *data, const struct gen_row *row)
{
	struct sums *s = data;

	s->rows++;
	s->packets += ((const struct flow_value *)row->value)->packets;
}
