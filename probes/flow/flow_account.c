/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ledger: per attachment seen = counted + skipped, per ring emitted = delivered + pending +
 * lost. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "cleanup.h"
#include "flow_run.h"

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

int flow_ledger_read(const struct probe_run *run, uint32_t attachment, struct flow_ledger *ret)
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

static void tell_attachment(const struct probe_run *run, uint32_t id, struct teller *t)
{
	static const char *const others[OTHER_MAX] = {"flow", "tunnel", "sender"};
	struct flow_ledger l;
	uint64_t counted = 0;

	t->where = run->attachments[id].hook;
	if (flow_ledger_read(run, id, &l) < 0)
		return;
	for (unsigned i = 0; i < HEAD_SKIPPED; i++)
		counted += l.head[i];
	tell(t, "seen", NULL, l.seen);
	tell(t, "counted", NULL, counted);
	for (unsigned i = HEAD_SKIPPED; i < HEAD_MAX; i++)
		tell(t, "skipped", flow_head_name(i), l.head[i]);
	tell(t, "skipped", "no_program", l.no_program);
	for (unsigned i = 0; i < HEAD_SKIPPED; i++)
		tell(t, "head", flow_head_name(i), l.head[i]);
	for (unsigned i = 0; i < OTHER_MAX; i++)
		tell(t, "other", others[i], l.other[i].packets);
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
	for (unsigned i = 0; i < RING_LOST_MAX; i++)
		tell(t, "lost", ring_lost_name(i), c.lost[i]);
	tell(t, "damaged", NULL, run->bad_records);
}

void flow_ledger_tell(struct probe_run *run, ledger_fn fn, void *data)
{
	struct teller t = {.fn = fn, .data = data};

	for (uint32_t id = 0; id < run->n_attachments; id++)
		tell_attachment(run, id, &t);
	tell_ring(run, &t);
}
