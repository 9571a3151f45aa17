/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rows from the tables whose keys come and go: sessions, packets that no rule took, and the tasks on the CPU. */
#include <string.h>

#include "cleanup.h"
#include "gtpu_run.h"
#include "map.h"
#include "record_event.h"

#define STRAYS 1024   /* rows of packets that no rule took */
#define CONTEXTS 4096 /* of tasks, functions and contexts */

/* The direction is still the function's: whether the packet was sent or received. */
static void set_tunnel(struct event *e, const struct gtpu_session_key *k, const __u8 sender[static 16])
{
	bool sent = e->direction == DIRECTION_DOWNLINK, down = k->is & GTPU_IS_DOWNLINK;

	e->direction = down ? DIRECTION_DOWNLINK : DIRECTION_UPLINK;
	e->gtp.teid = k->teid;
	e->gtp.qfi = k->qfi;
	memcpy((sent ? &e->outer.dst : &e->outer.src)->b, sent ? k->peer : sender, sizeof(k->peer));
	memcpy((down ? &e->inner.dst : &e->inner.src)->b, k->ue, sizeof(k->ue));
	if (k->is & GTPU_IS_TUNNEL)
		event_set(e, F_GTP_TEID);
	if (k->is & GTPU_IS_QFI)
		event_set(e, F_GTP_QFI);
	if (k->is & GTPU_IS_PEER)
		event_set(e, sent ? F_OUTER_DST : F_OUTER_SRC);
	if (k->is & GTPU_IS_UE)
		event_set(e, down ? F_INNER_DST : F_INNER_SRC);
}

static void set_rules(struct event *e, const struct gtpu_session_key *k)
{
	e->seid = k->seid;
	e->pdr_id = k->pdr_id;
	e->far_id = k->far_id;
	e->call.far_action = (uint8_t)k->far_action;
	e->qer_id = k->qer_id;
	e->call.rule_qfi = k->rule_qfi;
	if (k->has & GTPU_HAS_PDR) {
		event_set(e, F_SEID);
		event_set(e, F_PDR_ID);
	}
	if (k->has & GTPU_HAS_FAR) {
		event_set(e, F_FAR_ID);
		if (k->far_action != GTPU_ACTION_UNKNOWN)
			event_set(e, F_FAR_ACTION);
	}
	if (k->has & GTPU_HAS_QER)
		event_set(e, F_QER_ID);
	if (k->has & GTPU_HAS_RULE_QFI)
		event_set(e, F_RULE_QFI);
}

static void set_outcome(struct event *e, const struct gtpu_session_key *k)
{
	e->call.verdict = gtpu_verdict_name(k->verdict);
	e->reason = gtpu_reason_name(k->reason);
	e->call.color = gtpu_color_name(k->color);
	if (e->call.verdict)
		event_set(e, F_VERDICT);
	if (e->reason)
		event_set(e, F_REASON);
	if (e->call.color)
		event_set(e, F_COLOR);
}

void gtpu_session_row(const struct gtpu_session_key *key, const struct gtpu_session *session, const char *netns,
		      event_fn emit, void *data)
{
	struct event e = gtpu_function_row(KIND_SESSION, gtpu_path_function(key->path));

	if (!e.call.function)
		return;
	set_tunnel(&e, key, session->peer);
	set_rules(&e, key);
	set_outcome(&e, key);
	e.netns = netns;
	e.netns_inode = key->netns;
	if (netns)
		event_set(&e, F_NETNS);
	e.packets = session->packets;
	e.bytes = session->bytes;
	event_set(&e, F_PACKETS);
	event_set(&e, F_BYTES);
	emit(data, &e);
}

void gtpu_context_row(const struct gtpu_context_key *key, const struct gtpu_context *context, uint32_t cpu,
		      event_fn emit, void *data)
{
	struct event e = gtpu_function_row(KIND_CONTEXT, key->func_id);

	if (!e.call.function)
		return;
	event_clear(&e, F_DIRECTION); /* policePacket's and netlink_send's is either */
	event_take_task(&e, key->tgid, key->tid, key->context);
	e.cpu = cpu;
	e.packets = context->calls;
	memcpy(e.comm, context->comm, sizeof(e.comm) - 1);
	event_set(&e, F_COMM);
	event_set(&e, F_CPU);
	event_set(&e, F_PACKETS);
	emit(data, &e);
}

int gtpu_tables_prepare(struct gtpu_tables *t, struct bpf_object *object, const struct gtpu_options *o, struct err *err)
{
	const struct {
		struct gen **gen;
		const char *map;
		uint32_t max_entries;
	} all[] = {
		{&t->sessions, "gtpu_sessions", (uint32_t)o->sessions},
		{&t->strays, "gtpu_strays", STRAYS},
		{&t->contexts, "gtpu_contexts", o->contexts ? CONTEXTS : 1},
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(all); i++)
		r = gen_prepare(all[i].gen, bpf_object__find_map_by_name(object, all[i].map),
				gen_room(all[i].max_entries), err);
	return r;
}

int gtpu_tables_start(const struct gtpu_tables *t, struct err *err)
{
	struct gen *const all[] = {t->sessions, t->strays, t->contexts};

	return gen_start_all(all, ARRAY_SIZE(all), err);
}

void gtpu_tables_free(struct gtpu_tables *t)
{
	gen_free(t->sessions);
	gen_free(t->strays);
	gen_free(t->contexts);
}

struct collection {
	struct probe_run *run;
	struct map *sums; /* struct gtpu_session_key of all CPUs -> struct gtpu_session */
	event_fn emit;
	void *data;
};

static void session_row(const struct collection *c, const struct gtpu_session_key *key, const struct gtpu_session *sum)
{
	gtpu_session_row(key, sum, key->netns ? gtpu_netns_name(&c->run->netns, "", key->netns) : NULL, c->emit,
			 c->data);
}

/* Without memory for a sum each CPU's part is a row of its own: rows still add up. */
static void take_session(void *data, const struct gen_row *row)
{
	struct gtpu_session_key key = *(const struct gtpu_session_key *)row->key;
	const struct gtpu_session *one = row->value;
	const struct collection *c = data;
	struct gtpu_session *sum;

	key.cpu = 0;
	sum = c->sums ? map_put(c->sums, &key, NULL) : NULL;
	if (!sum) {
		session_row(c, &key, one);
		return;
	}
	sum->packets += one->packets;
	sum->bytes += one->bytes;
	memcpy(sum->peer, one->peer, sizeof(sum->peer));
}

static void emit_sums(const struct collection *c)
{
	const void *key, *sum;
	size_t cursor = 0;

	while (c->sums && (sum = map_next(c->sums, &cursor, &key)))
		session_row(c, key, sum);
}

static void take_context(void *data, const struct gen_row *row)
{
	struct collection *c = data;

	gtpu_context_row(row->key, row->value, row->cpu, c->emit, c->data);
}

/* Packets that no rule took have their own table, and no key of it is in the other one. */
static int collect_sessions(struct collection *c)
{
	_cleanup_(cleanup_map) struct map *sums =
		map_new(sizeof(struct gtpu_session_key), sizeof(struct gtpu_session), UINT32_MAX);
	int r;

	c->sums = sums;
	r = gen_drain(c->run->tables.sessions, take_session, c);
	if (!r)
		r = gen_drain(c->run->tables.strays, take_session, c);
	emit_sums(c);
	return r;
}

int gtpu_tables_collect(struct probe_run *run, event_fn emit, void *data)
{
	struct collection c = {.run = run, .emit = emit, .data = data};
	const struct gtpu_tables *t = &run->tables;
	struct gen *const gens[] = {t->sessions, t->strays, t->contexts};
	uint64_t swapped_ns;
	int r = gen_swap_together(gens, ARRAY_SIZE(gens), gtpu_map(run, "gtpu_generation"), &swapped_ns);

	if (!r)
		r = collect_sessions(&c);
	return r ? r : gen_drain(t->contexts, take_context, &c);
}
