/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the counting maps to rows. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "cleanup.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "map.h"
#include "record_event.h"

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

static void set_cpu(const struct flow_rows *r, struct event *e, uint32_t cpu)
{
	if (!r->run->per_cpu)
		return;
	e->cpu = cpu;
	event_set(e, F_CPU);
}

#define G_PDU 255 /* TS 29.281 6.1 */

/* A collection adds up what the CPUs have counted under the keys of rows. A key names its CPU where each CPU has a row
 * of its own, and 0 otherwise. */
struct sums {
	const struct flow_rows *rows;
	struct map *tunnels; /* struct tunnel_key -> struct flow_value */
	struct map *flows;   /* struct gpdu_key without outer addresses, also of flows in no tunnel -> the same */
	struct map *senders; /* struct sender_key -> struct sender_value */
};

static void sums_free(struct sums *s)
{
	map_free(s->tunnels);
	map_free(s->flows);
	map_free(s->senders);
}

static int sums_make(struct sums *s, const struct flow_rows *r)
{
	s->rows = r;
	s->tunnels = map_new(sizeof(struct tunnel_key), sizeof(struct flow_value), UINT32_MAX);
	s->flows = map_new(sizeof(struct gpdu_key), sizeof(struct flow_value), UINT32_MAX);
	s->senders = map_new(sizeof(struct sender_key), sizeof(struct sender_value), UINT32_MAX);
	return s->tunnels && s->flows && s->senders ? 0 : -ENOMEM;
}

static uint32_t cpu_of(const struct sums *s, const struct gen_row *row)
{
	return s->rows->run->per_cpu ? row->cpu : 0;
}

static void emit_flow(const struct flow_rows *r, const struct gpdu_key *k, const struct flow_value *v)
{
	struct event e;

	if (k->attachment >= r->run->n_attachments)
		return;
	e = row_event(r, KIND_FLOW, k->attachment, v);
	set_cpu(r, &e, k->cpu);
	flow_event_vlan(&e, k->layers & FLOW_VLANS, k->vlan);
	flow_event_overlay(&e, k->overlay);
	if (v->tcp & FLOW_TCP)
		event_take_tcp(&e, (uint8_t)v->tcp);
	set_tunnel(r, &e, &(struct tunnel_facts){k->teid, k->qfi, gtp_flags(k->layers), k->layers >> FLOW_PDU_SHIFT});
	if (k->layers & FLOW_GTP)
		event_take_inner(&e, &k->inner);
	else
		event_take_outer(&e, &k->inner);
	if (!(k->layers & FLOW_GTP) && k->layers & FLOW_BUNDLE) {
		e.reason = "bundle";
		event_set(&e, F_REASON);
	}
	r->emit(r->data, &e);
}

/* Without memory for a sum each CPU's part is a row of its own: rows still add up. */
static void add_flow(const struct sums *s, const struct gpdu_key *k, const struct flow_value *v)
{
	struct flow_value *sum = map_put(s->flows, k, NULL);

	if (sum)
		flow_value_add(sum, v);
	else
		emit_flow(s->rows, k, v);
}

static void emit_tunnel(const struct flow_rows *r, const struct tunnel_key *k, const struct flow_value *v)
{
	struct event e;

	if (k->attachment >= r->run->n_attachments)
		return;
	e = row_event(r, KIND_TUNNEL, k->attachment, v);
	set_cpu(r, &e, k->cpu);
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

static void add_tunnel(const struct sums *s, const struct tunnel_key *k, const struct flow_value *v)
{
	struct flow_value *sum = map_put(s->tunnels, k, NULL);

	if (sum)
		flow_value_add(sum, v);
	else
		emit_tunnel(s->rows, k, v);
}

static void take_plain(void *data, const struct gen_row *row)
{
	const struct sums *s = data;
	const struct flow_key *k = row->key;

	add_flow(s,
		 &(struct gpdu_key){.overlay = k->overlay,
				    .attachment = k->attachment,
				    .vlan = {k->vlan[0], k->vlan[1]},
				    .layers = k->layers,
				    .inner = k->tuple,
				    .cpu = cpu_of(s, row)},
		 row->value);
}

static void take_gpdu(void *data, const struct gen_row *row)
{
	const struct sums *s = data;
	const struct gpdu_key *k = row->key;
	struct tunnel_key tunnel = {.attachment = k->attachment,
				    .teid = k->teid,
				    .type = G_PDU,
				    .qfi = k->qfi,
				    .gtp = gtp_flags(k->layers),
				    .pdu_type = k->layers >> FLOW_PDU_SHIFT,
				    .overlay = k->overlay,
				    .cpu = cpu_of(s, row)};
	struct gpdu_key flow = *k;

	memcpy(tunnel.src, k->src, sizeof(tunnel.src));
	memcpy(tunnel.dst, k->dst, sizeof(tunnel.dst));
	add_tunnel(s, &tunnel, row->value);
	memset(flow.src, 0, sizeof(flow.src));
	memset(flow.dst, 0, sizeof(flow.dst));
	flow.cpu = cpu_of(s, row);
	add_flow(s, &flow, row->value);
}

static void take_tunnel(void *data, const struct gen_row *row)
{
	const struct sums *s = data;
	struct tunnel_key key = *(const struct tunnel_key *)row->key;

	key.cpu = cpu_of(s, row);
	add_tunnel(s, &key, row->value);
}

static void emit_sender(const struct flow_rows *r, const struct sender_key *k, const struct sender_value *v)
{
	struct event e;

	if (k->attachment >= r->run->n_attachments)
		return;
	e = row_event(r, KIND_SENDER, k->attachment, &v->count);
	event_take_task(&e, k->tgid, k->tid, k->context);
	memcpy(e.comm, v->comm, sizeof(e.comm));
	e.comm[sizeof(e.comm) - 1] = '\0';
	event_set(&e, F_COMM);
	e.cgroup = v->cgroup_id;
	if (v->cgroup_id)
		event_set(&e, F_CGROUP);
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

static void take_sender(void *data, const struct gen_row *row)
{
	const struct sums *s = data;
	struct sender_key key = *(const struct sender_key *)row->key;
	const struct sender_value *v = row->value;
	struct sender_value *sum;

	key.cpu = 0;
	sum = map_put(s->senders, &key, NULL);
	if (!sum) {
		emit_sender(s->rows, &key, v);
		return;
	}
	flow_value_add(&sum->count, &v->count);
	sum->cgroup_id = v->cgroup_id;
	memcpy(sum->comm, v->comm, sizeof(sum->comm));
}

static void emit_sums(const struct sums *s)
{
	size_t tunnel = 0, flow = 0, sender = 0;
	const void *key, *value;

	while ((value = map_next(s->tunnels, &tunnel, &key)))
		emit_tunnel(s->rows, key, value);
	while ((value = map_next(s->flows, &flow, &key)))
		emit_flow(s->rows, key, value);
	while ((value = map_next(s->senders, &sender, &key)))
		emit_sender(s->rows, key, value);
}

/* Also of what was drained before an error: it is in no generation any more. */
static int collect_sums(const struct flow_rows *r)
{
	_cleanup_(sums_free) struct sums s = {0};
	const struct probe_run *run = r->run;
	int e = sums_make(&s, r);

	if (e == 0)
		e = gen_drain(run->gpdus, take_gpdu, &s);
	if (e == 0)
		e = gen_drain(run->tunnels, take_tunnel, &s);
	if (e == 0)
		e = gen_drain(run->flows, take_plain, &s);
	if (e == 0)
		e = gen_drain(run->senders, take_sender, &s);
	if (s.senders)
		emit_sums(&s);
	return e;
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

static void collect_others(const struct flow_rows *r)
{
	struct flow_ledger ledger;

	for (uint32_t id = 0; id < r->run->n_attachments; id++) {
		flow_ledger_read(r->run, id, &ledger);
		for (int which = 0; which < OTHER_MAX; which++)
			other_row(r, id, which, &ledger.other[which]);
	}
}

/* All at one instant, so that the rows of a collection are of the same packets. */
static int swap_all(struct flow_rows *r)
{
	struct probe_run *run = r->run;
	struct gen *const gens[] = {run->flows, run->gpdus, run->tunnels, run->senders, run->qualities};
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
	e = collect_sums(&r);
	if (e == 0)
		e = flow_quality_collect(&r);
	collect_others(&r);
	if (e == 0)
		flow_follow_collected(run);
	return e;
}
