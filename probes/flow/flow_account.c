/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ledger: per attachment seen = counted + skipped, per ring emitted = delivered + pending +
 * lost. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "cleanup.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "ledger_writer.h"
#include "object.h"

/* The counters of a ledger are what stands before `other`. */
#define COUNTERS (offsetof(struct flow_ledger, other) / sizeof(__u64))

void flow_value_add(struct flow_value *sum, const struct flow_value *v)
{
	if (!v->packets)
		return;
	sum->packets += v->packets;
	sum->bytes += v->bytes;
	sum->segments += v->segments;
	sum->tcp |= v->tcp;
	sum->last_ns = MAX(sum->last_ns, v->last_ns);
	if (!sum->first_ns || v->first_ns < sum->first_ns)
		sum->first_ns = v->first_ns;
}

static void add_ledger(struct flow_ledger *sum, const struct flow_ledger *l)
{
	__u64 *counter = (__u64 *)sum;

	for (size_t i = 0; i < COUNTERS; i++)
		counter[i] += ((const __u64 *)l)[i];
	for (int i = 0; i < OTHER_MAX; i++)
		flow_value_add(&sum->other[i], &l->other[i]);
}

static void value_take_off(struct flow_value *v, const struct flow_value *before)
{
	v->packets -= before->packets;
	v->bytes -= before->bytes;
	v->segments -= before->segments;
}

static void take_off(struct flow_ledger *l, const struct flow_ledger *before)
{
	__u64 *counter = (__u64 *)l;

	for (size_t i = 0; i < COUNTERS; i++)
		counter[i] -= ((const __u64 *)before)[i];
	for (int i = 0; i < OTHER_MAX; i++)
		value_take_off(&l->other[i], &before->other[i]);
}

void flow_ledger_read(const struct probe_run *run, uint32_t attachment, struct flow_ledger *ret)
{
	const struct flow_ledger *first = run->ledgers + (size_t)attachment * run->cpu_slots;

	*ret = (struct flow_ledger){0};
	for (size_t cpu = 0; cpu < run->cpu_slots; cpu++)
		add_ledger(ret, &first[cpu]);
	/* the place had other interfaces before */
	take_off(ret, &run->attachments[attachment].before);
}

void flow_ledger_forget(struct probe_run *run, uint32_t attachment)
{
	struct flow_attachment *a = &run->attachments[attachment];
	struct flow_ledger l;

	flow_ledger_read(run, attachment, &l);
	add_ledger(&run->forgotten, &l);
	run->forgotten_taken_off += a->taken_off;
	a->taken_off = 0;
	add_ledger(&a->before, &l);
	memset(a->other_told, 0, sizeof(a->other_told));
}

static void write_ledger(const struct flow_ledger *l, struct ledger_writer *t)
{
	static const char *const others[OTHER_MAX] = {"flow", "tunnel", "sender", "quality"};
	uint64_t counted = 0;

	for (unsigned i = 0; i < HEAD_SKIPPED; i++)
		counted += l->head[i];
	ledger_write(t, "seen", NULL, l->seen + l->preempted + l->new_cpu);
	ledger_write(t, "counted", NULL, counted);
	for (unsigned i = HEAD_SKIPPED; i < HEAD_MAX; i++)
		ledger_write(t, "skipped", flow_head_name(i), l->head[i]);
	ledger_write(t, "skipped", "preempted", l->preempted);
	ledger_write(t, "skipped", "no_program", l->no_program);
	ledger_write(t, "skipped", "new_cpu", l->new_cpu);
	for (unsigned i = 0; i < HEAD_SKIPPED; i++)
		ledger_write(t, "head", flow_head_name(i), l->head[i]);
	for (unsigned i = HEAD_OVERLAY + 1; i < HEAD_SKIPPED; i++)
		ledger_write(t, "bundled", i == HEAD_GTPU_BUNDLE ? "not_told_apart" : flow_head_name(i), l->bundled[i]);
	for (unsigned i = 0; i < OTHER_MAX; i++)
		ledger_write(t, "other", others[i], l->other[i].packets);
}

static void write_attachment(const struct probe_run *run, uint32_t id, struct ledger_writer *t)
{
	struct flow_ledger l;

	t->where = run->attachments[id].hook;
	if (!run->attachments[id].method[0])
		return;
	flow_ledger_read(run, id, &l);
	write_ledger(&l, t);
	ledger_write(t, "taken_off", NULL, run->attachments[id].taken_off);
}

/* Bytes of the maps, by what bounds them. */
static void write_memory(const struct probe_run *run, struct ledger_writer *t)
{
	t->where = "memory";
	ledger_write(t, "flows", NULL, gen_memory(run->flows) + gen_memory(run->gpdus));
	ledger_write(t, "tunnels", NULL, gen_memory(run->tunnels));
	ledger_write(t, "senders", NULL, gen_memory(run->senders));
	ledger_write(t, "quality", NULL,
		     gen_memory(run->qualities) + object_map_memory(bpf_map__fd(run->bpf->maps.orders)) +
			     object_map_memory(bpf_map__fd(run->bpf->maps.echoes)));
	ledger_write(t, "interfaces", NULL, object_map_memory(bpf_map__fd(run->bpf->maps.flow_ledgers)));
	ledger_write(t, "ring", NULL, object_map_memory(bpf_map__fd(run->bpf->maps.ring)));
}

void flow_ledger_tell(struct probe_run *run, ledger_fn fn, void *data)
{
	struct ledger_writer t = {.fn = fn, .data = data};

	for (uint32_t id = 0; id < run->n_attachments; id++)
		write_attachment(run, id, &t);
	if (run->forgotten.seen) {
		t.where = "interfaces before";
		write_ledger(&run->forgotten, &t);
		ledger_write(&t, "taken_off", NULL, run->forgotten_taken_off);
	}
	ledger_write_ring(&t, run->ring, true, "damaged", run->bad_records);
	write_memory(run, &t);
}
