/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the counting maps to rows. */
#include <bpf/libbpf.h>
#include <string.h>

#include "clock.h"
#include "cleanup.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "percpu.h"
#include "record_event.h"

/* A struct flow_value comes first in every counting map's value. */
static struct flow_value add_up(const struct gen_row *row)
{
	struct flow_value sum = {0};

	for (unsigned cpu = 0; cpu < row->cpus; cpu++)
		flow_value_add(&sum, percpu_value(row, cpu));
	return sum;
}

static void set_value(struct event *e, const struct flow_value *v)
{
	e->packets = v->packets;
	e->bytes = v->bytes;
	e->flow.segments = v->segments;
	event_set(e, F_PACKETS);
	event_set(e, F_BYTES);
	event_set(e, F_SEGMENTS);
	if (!v->packets)
		return;
	e->first_ns = v->first_ns;
	e->last_ns = v->last_ns;
	event_set(e, F_FIRST_NS);
	event_set(e, F_LAST_NS);
}

/* An interface that came in between has counted for less. */
static void set_interval(const struct flow_rows *r, uint32_t attachment, struct event *e)
{
	uint64_t since = MAX(r->since_ns, r->run->attachments[attachment].attached_ns);

	if (r->until_ns <= since)
		return;
	e->flow.interval_ns = r->until_ns - since;
	event_set(e, F_INTERVAL_NS);
}

static struct event row_event(const struct flow_rows *r, enum event_kind kind, uint32_t attachment,
			      const struct flow_value *v)
{
	struct event e = {.probe = "flow", .kind = kind, .ts_ns = r->now_ns};

	flow_event_place(r->run, attachment, &e);
	set_value(&e, v);
	set_interval(r, attachment, &e);
	return e;
}

struct tunnel_facts {
	uint32_t teid;
	uint8_t qfi, gtp, pdu_type;
};

static void set_tunnel(const struct flow_rows *r, struct event *e, const struct tunnel_facts *t)
{
	if (!(t->gtp & RECORD_GTP))
		return;
	e->flow.gtp_port = r->run->gtp_port;
	e->gtp.teid = t->teid;
	event_set(e, F_GTP_TEID);
	if (t->gtp & RECORD_GTP_QFI) {
		e->gtp.qfi = t->qfi;
		event_set(e, F_GTP_QFI);
		flow_event_direction(e, t->pdu_type);
	}
}

static uint8_t gtp_flags(uint8_t layers)
{
	return (uint8_t)((layers & FLOW_GTP ? RECORD_GTP : 0) | (layers & FLOW_QFI ? RECORD_GTP_QFI : 0));
}

/* One row, or one for each CPU that counted. */
static void each_row(const struct flow_rows *r, const struct gen_row *row,
		     void (*emit)(const struct flow_rows *r, const struct gen_row *row, int cpu))
{
	const struct flow_value *v;

	for (unsigned cpu = 0; r->run->per_cpu && cpu < row->cpus; cpu++) {
		v = percpu_value(row, cpu);
		if (v->packets)
			emit(r, row, (int)cpu);
	}
	if (!r->run->per_cpu)
		emit(r, row, -1);
}

/* cpu: -1 for all together. */
static struct flow_value value_of(const struct gen_row *row, int cpu)
{
	struct flow_value v = {0};

	if (cpu < 0)
		return add_up(row);
	flow_value_add(&v, percpu_value(row, (unsigned)cpu));
	return v;
}

static void set_cpu(struct event *e, int cpu)
{
	if (cpu < 0)
		return;
	e->cpu = (uint32_t)cpu;
	event_set(e, F_CPU);
}

static void emit_flow(const struct flow_rows *r, const struct gen_row *row, int cpu)
{
	const struct flow_key *k = row->key;
	struct flow_value v = value_of(row, cpu);
	struct event e;

	if (k->attachment >= r->run->n_attachments)
		return;
	e = row_event(r, KIND_FLOW, k->attachment, &v);
	set_cpu(&e, cpu);
	flow_event_vlan(&e, k->layers & FLOW_VLANS, k->vlan);
	flow_event_overlay(&e, k->overlay);
	if (v.tcp & FLOW_TCP)
		event_take_tcp(&e, (uint8_t)v.tcp);
	set_tunnel(r, &e, &(struct tunnel_facts){k->teid, k->qfi, gtp_flags(k->layers), k->layers >> FLOW_PDU_SHIFT});
	if (k->layers & FLOW_GTP)
		event_take_inner(&e, &k->tuple);
	else
		event_take_outer(&e, &k->tuple);
	if (!(k->layers & FLOW_GTP) && k->layers & FLOW_BUNDLE) {
		e.reason = "bundle";
		event_set(&e, F_REASON);
	}
	r->emit(r->data, &e);
}

static void flow_row(void *data, const struct gen_row *row)
{
	each_row(data, row, emit_flow);
}

static void emit_tunnel(const struct flow_rows *r, const struct gen_row *row, int cpu)
{
	const struct tunnel_key *k = row->key;
	struct flow_value v = value_of(row, cpu);
	struct event e;

	if (k->attachment >= r->run->n_attachments)
		return;
	e = row_event(r, KIND_TUNNEL, k->attachment, &v);
	set_cpu(&e, cpu);
	set_tunnel(r, &e, &(struct tunnel_facts){k->teid, k->qfi, k->gtp, k->pdu_type});
	flow_event_overlay(&e, k->overlay);
	e.gtp.type = k->type;
	event_set(&e, F_GTP_TYPE);
	memcpy(e.outer.src.b, k->src, sizeof(k->src));
	memcpy(e.outer.dst.b, k->dst, sizeof(k->dst));
	event_set(&e, F_OUTER_SRC);
	event_set(&e, F_OUTER_DST);
	r->emit(r->data, &e);
}

static void tunnel_row(void *data, const struct gen_row *row)
{
	each_row(data, row, emit_tunnel);
}

/* Whose it is: from a CPU that counted for it. */
static void set_sender(struct event *e, const struct sender_key *k, const struct gen_row *row)
{
	const struct sender_value *v;

	event_take_task(e, k->tgid, k->tid, k->context);
	for (unsigned cpu = 0; cpu < row->cpus; cpu++) {
		v = percpu_value(row, cpu);
		if (!v->count.packets)
			continue;
		memcpy(e->comm, v->comm, sizeof(e->comm));
		e->comm[sizeof(e->comm) - 1] = '\0';
		event_set(e, F_COMM);
		e->cgroup = v->cgroup_id;
		if (v->cgroup_id)
			event_set(e, F_CGROUP);
		return;
	}
}

static void sender_row(void *data, const struct gen_row *row)
{
	const struct flow_rows *r = data;
	const struct sender_key *k = row->key;
	struct flow_value v = add_up(row);
	struct event e;

	if (k->attachment >= r->run->n_attachments)
		return;
	e = row_event(r, KIND_SENDER, k->attachment, &v);
	set_sender(&e, k, row);
	e.outer.proto = 17;
	e.outer.sport = k->sport;
	e.outer.dport = k->dport;
	event_set(&e, F_OUTER_PROTO);
	if (k->sport)
		event_set(&e, F_OUTER_SPORT);
	if (k->dport)
		event_set(&e, F_OUTER_DPORT);
	r->emit(r->data, &e);
}

static const enum event_kind other_rows[OTHER_MAX] = {[OTHER_FLOW] = KIND_FLOW,
						      [OTHER_TUNNEL] = KIND_TUNNEL,
						      [OTHER_SENDER] = KIND_SENDER,
						      [OTHER_QUALITY] = KIND_SEQUENCE};

/* What found no room in a full map: one row without addresses, so that the rows still add up. */
static void other_row(const struct flow_rows *r, uint32_t attachment, enum flow_other which,
		      const struct flow_value *total)
{
	struct flow_value *told = &r->run->attachments[attachment].other_told[which];
	struct flow_value v = {
		.packets = total->packets - told->packets,
		.bytes = total->bytes - told->bytes,
		.segments = total->segments - told->segments,
		.first_ns = total->first_ns,
		.last_ns = total->last_ns,
	};
	struct event e;

	if (!v.packets)
		return;
	*told = *total;
	e = row_event(r, other_rows[which], attachment, &v);
	e.reason = "other";
	event_set(&e, F_REASON);
	r->emit(r->data, &e);
}

static int collect_others(const struct flow_rows *r)
{
	struct flow_ledger ledger;
	int e;

	for (uint32_t id = 0; id < r->run->n_attachments; id++) {
		e = flow_ledger_read(r->run, id, &ledger);
		if (e < 0)
			return e;
		for (int which = 0; which < OTHER_MAX; which++)
			other_row(r, id, which, &ledger.other[which]);
	}
	return 0;
}

/* All at one instant, so that the rows of a collection are of the same packets. */
static int swap_all(struct flow_rows *r)
{
	struct probe_run *run = r->run;
	struct gen *const gens[] = {run->flows, run->tunnels, run->senders, run->qualities};
	uint64_t now_ns = 0;
	int e = gen_swap_together(gens, ARRAY_SIZE(gens), bpf_map__fd(run->bpf->maps.flow_generation), &now_ns);

	if (e < 0)
		return e;
	r->since_ns = run->counts_since_ns;
	r->until_ns = run->detached_ns ? MIN(run->detached_ns, now_ns) : now_ns;
	run->counts_since_ns = now_ns;
	return 0;
}

int flow_collect(struct probe_run *run, event_fn emit, void *data)
{
	struct flow_rows r = {.run = run, .emit = emit, .data = data};
	int e = swap_all(&r);

	if (e < 0)
		return e;
	r.now_ns = clock_boot_ns();
	e = gen_drain(run->tunnels, tunnel_row, &r);
	if (e == 0)
		e = gen_drain(run->flows, flow_row, &r);
	if (e == 0)
		e = gen_drain(run->senders, sender_row, &r);
	if (e == 0)
		e = flow_quality_collect(&r);
	if (e == 0)
		e = collect_others(&r);
	if (e == 0)
		flow_follow_collected(run);
	return e;
}
