/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ledger: per attachment seen = counted + skipped, per ring emitted = delivered + pending +
 * lost. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "object.h"

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
	sum->seen += l->seen;
	sum->no_program += l->no_program;
	for (int i = 0; i < HEAD_MAX; i++)
		sum->head[i] += l->head[i];
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
	l->seen -= before->seen;
	l->no_program -= before->no_program;
	for (int i = 0; i < HEAD_MAX; i++)
		l->head[i] -= before->head[i];
	for (int i = 0; i < OTHER_MAX; i++)
		value_take_off(&l->other[i], &before->other[i]);
}

/* With all that had the place before. */
static int read_place(const struct probe_run *run, uint32_t attachment, struct flow_ledger *ret)
{
	_cleanup_free_ struct flow_ledger *rows = NULL;
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	rows = calloc((size_t)cpus, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	if (bpf_map_lookup_elem(run->ledger_fd, &attachment, rows) < 0)
		return -errno;
	*ret = (struct flow_ledger){0};
	for (int i = 0; i < cpus; i++)
		add_ledger(ret, &rows[i]);
	return 0;
}

int flow_ledger_read(const struct probe_run *run, uint32_t attachment, struct flow_ledger *ret)
{
	int r = read_place(run, attachment, ret);

	if (r == 0)
		take_off(ret, &run->attachments[attachment].before);
	return r;
}

void flow_ledger_forget(struct probe_run *run, uint32_t attachment)
{
	struct flow_attachment *a = &run->attachments[attachment];
	struct flow_ledger l;

	if (flow_ledger_read(run, attachment, &l) < 0)
		return;
	add_ledger(&run->forgotten, &l);
	run->forgotten_taken_off += a->taken_off;
	a->taken_off = 0;
	add_ledger(&a->before, &l);
	memset(a->other_told, 0, sizeof(a->other_told));
}

struct teller {
	ledger_fn fn;
	void *data;
	const char *where;
};

static void tell(const struct teller *t, const char *name, const char *reason, uint64_t value)
{
	t->fn(t->data, &(struct ledger_row){
			       .where = t->where, .name = name, .reason = reason, .value = value});
}

static void tell_ledger(const struct flow_ledger *l, struct teller *t)
{
	static const char *const others[OTHER_MAX] = {"flow", "tunnel", "sender", "quality"};
	uint64_t counted = 0;

	for (unsigned i = 0; i < HEAD_SKIPPED; i++)
		counted += l->head[i];
	tell(t, "seen", NULL, l->seen);
	tell(t, "counted", NULL, counted);
	for (unsigned i = HEAD_SKIPPED; i < HEAD_MAX; i++)
		tell(t, "skipped", flow_head_name(i), l->head[i]);
	tell(t, "skipped", "no_program", l->no_program);
	for (unsigned i = 0; i < HEAD_SKIPPED; i++)
		tell(t, "head", flow_head_name(i), l->head[i]);
	for (unsigned i = 0; i < OTHER_MAX; i++)
		tell(t, "other", others[i], l->other[i].packets);
}

static void tell_attachment(const struct probe_run *run, uint32_t id, struct teller *t)
{
	struct flow_ledger l;

	t->where = run->attachments[id].hook;
	if (!run->attachments[id].method[0] || flow_ledger_read(run, id, &l) < 0)
		return;
	tell_ledger(&l, t);
	tell(t, "taken_off", NULL, run->attachments[id].taken_off);
}

static void tell_ring(const struct probe_run *run, struct teller *t)
{
	struct ring_counts c;

	t->where = "ring";
	if (ring_counts(run->ring, &c) < 0)
		return;
	tell(t, "emitted", NULL, c.emitted);
	tell(t, "delivered", NULL, c.delivered);
	tell(t, "pending", NULL, c.pending);
	tell(t, "sampled_out", NULL, c.sampled_out);
	for (unsigned i = 0; i < RING_LOST_MAX; i++)
		tell(t, "lost", ring_lost_name(i), c.lost[i]);
	tell(t, "damaged", NULL, run->bad_records);
}

/* Bytes of the maps, by what bounds them. */
static void tell_memory(const struct probe_run *run, struct teller *t)
{
	t->where = "memory";
	tell(t, "flows", NULL, gen_memory(run->flows));
	tell(t, "tunnels", NULL, gen_memory(run->tunnels));
	tell(t, "senders", NULL, gen_memory(run->senders));
	tell(t, "quality", NULL, gen_memory(run->qualities) + object_map_memory(bpf_map__fd(run->bpf->maps.orders)) +
					 object_map_memory(bpf_map__fd(run->bpf->maps.echoes)));
	tell(t, "interfaces", NULL, object_map_memory(run->ledger_fd));
	tell(t, "ring", NULL, object_map_memory(bpf_map__fd(run->bpf->maps.ring)));
}

void flow_ledger_tell(struct probe_run *run, ledger_fn fn, void *data)
{
	struct teller t = {.fn = fn, .data = data};

	for (uint32_t id = 0; id < run->n_attachments; id++)
		tell_attachment(run, id, &t);
	if (run->forgotten.seen) {
		t.where = "interfaces before";
		tell_ledger(&run->forgotten, &t);
		tell(&t, "taken_off", NULL, run->forgotten_taken_off);
	}
	tell_ring(run, &t);
	tell_memory(run, &t);
}
