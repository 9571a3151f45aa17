/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Order, Echo, errors and delays: from their maps to rows; idle entries are removed. */
#include "flow_quality.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "event_quality.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */
#include "map.h"

#define ECHO_PATIENCE_NS (10 * NSEC_PER_SEC)
#define ORDER_IDLE_NS (60 * NSEC_PER_SEC)
#define ORDERS_AT_A_TIME 256

_Static_assert((int)QUALITY_ECHO == (int)QUALITY_OF_ECHO, "the order of the kinds");

int flow_quality_prepare(struct probe_run *run, uint32_t max, struct err *err)
{
	int r = bpf_map__set_max_entries(run->bpf->maps.orders, max);

	if (r < 0)
		return err_set(err, r, "orders of %u tunnels: %s", max, err_name(r));
	return gen_prepare(&run->qualities, run->bpf->maps.qualities, gen_room(max), err);
}

/* Anew at each collection: the real clock is set every now and then. The program's variables are mapped
 * (Linux 5.5): one of them is set, the others stay. */
void flow_quality_set_clock(struct probe_run *run)
{
	__atomic_store_n(&run->bpf->bss->boot_to_real, clock_boot_to_real_ns(), __ATOMIC_RELAXED);
}

static void add_value(struct event_quality *sum, uint8_t kind, const struct quality_value *v)
{
	struct event_quality one = {.packets = v->packets,
				    .missing = v->missing,
				    .filled = v->filled,
				    .reordered = v->reordered,
				    .duplicates = v->duplicates,
				    .restarts = v->restarts,
				    .uncounted = v->uncounted,
				    .timed = v->timed,
				    .sum_ns = v->sum_ns,
				    .min_ns = v->min_ns,
				    .max_ns = v->max_ns};

	if (kind == QUALITY_ECHO)
		one.unexpected = v->stray;
	else if (kind <= QUALITY_QOS_FLOW)
		one.stray = v->stray;
	else
		one.implausible = v->stray;
	event_quality_add(sum, &one);
}

static struct event begin_row(const struct flow_rows *r, const struct quality_key *k, enum event_kind kind)
{
	struct event e = {.probe = "flow", .kind = kind, .ts_ns = r->now_ns};

	flow_event_place(r->run, k->attachment, &e);
	flow_event_overlay(&e, k->overlay);
	memcpy(e.outer.src.b, k->src, sizeof(k->src));
	memcpy(e.outer.dst.b, k->dst, sizeof(k->dst));
	event_set(&e, F_OUTER_SRC);
	event_set(&e, F_OUTER_DST);
	if (k->gtp & RECORD_GTP) {
		e.gtp.teid = k->teid;
		event_set(&e, F_GTP_TEID);
	}
	if (k->gtp & RECORD_GTP_QFI) {
		e.gtp.qfi = k->qfi;
		event_set(&e, F_GTP_QFI);
		flow_event_direction(&e, k->pdu_type);
	}
	return e;
}

static void quality_row(const struct flow_rows *r, const struct quality_key *k, const struct event_quality *sum)
{
	struct event_quality q = *sum;
	struct event e;

	if (k->attachment >= r->run->n_attachments || k->kind >= QUALITY_KINDS)
		return;
	/* the delays follow the errors there, which are none here */
	q.kind = k->kind > QUALITY_ERROR ? k->kind - 1 : k->kind;
	if (k->kind == QUALITY_ERROR) {
		e = begin_row(r, k, KIND_ERROR_INDICATION);
		e.packets = q.packets;
		event_set(&e, F_PACKETS);
	} else {
		e = begin_row(r, k, event_quality_row(q.kind));
		e.flow.quality = &q;
	}
	r->emit(r->data, &e);
}

struct qualities {
	const struct flow_rows *rows;
	struct map *sums; /* struct quality_key of all CPUs -> struct event_quality */
};

static void add_up(void *data, const struct gen_row *row)
{
	const struct qualities *q = data;
	struct quality_key key;
	struct event_quality alone = {0}, *sum;

	memcpy(&key, row->key, sizeof(key));
	key.cpu = 0;
	sum = q->sums ? map_put(q->sums, &key, NULL) : NULL;
	add_value(sum ?: &alone, key.kind, row->value);
	if (!sum)
		quality_row(q->rows, &key, &alone);
}

static int collect_qualities(const struct flow_rows *r)
{
	_cleanup_(cleanup_map) struct map *sums =
		map_new(sizeof(struct quality_key), sizeof(struct event_quality), UINT32_MAX);
	struct qualities q = {.rows = r, .sums = sums};
	const struct event_quality *sum;
	const void *key;
	size_t cursor = 0;
	int e = sums ? gen_drain(r->run->qualities, add_up, &q) : -ENOMEM;

	while (sums && (sum = map_next(sums, &cursor, &key)))
		quality_row(r, key, sum);
	return e;
}

static void unanswered_row(const struct flow_rows *r, const struct echo_key *k)
{
	struct quality_key place = {.attachment = k->attachment, .overlay = k->overlay};
	struct event_quality q = {.kind = QUALITY_OF_ECHO, .unanswered = 1};
	struct event e;

	if (k->attachment >= r->run->n_attachments)
		return;
	memcpy(place.src, k->asker, sizeof(place.src));
	memcpy(place.dst, k->answerer, sizeof(place.dst));
	e = begin_row(r, &place, KIND_ECHO);
	e.flow.quality = &q;
	r->emit(r->data, &e);
}

/* All at once: a walk from key to key begins again whenever a program deletes the key that it stands at.
 * Deleted here means that no program has: an answer is never counted beside it. */
static int give_up_echoes(const struct flow_rows *r)
{
	struct bpf_map *map = r->run->bpf->maps.echoes;
	uint32_t n = bpf_map__max_entries(map), position;
	_cleanup_free_ struct echo_key *keys = calloc(n, sizeof(*keys));
	_cleanup_free_ uint64_t *sent = calloc(n, sizeof(*sent));
	int fd = bpf_map__fd(map);

	if (!keys || !sent)
		return -ENOMEM;
	if (bpf_map_lookup_batch(fd, NULL, &position, keys, sent, &n, NULL) < 0 && errno != ENOENT)
		return -errno;
	for (uint32_t i = 0; i < n; i++)
		if (sent[i] + ECHO_PATIENCE_NS < r->now_ns && bpf_map_delete_elem(fd, &keys[i]) == 0)
			unanswered_row(r, &keys[i]);
	return 0;
}

/* Some of them at each collection. An order holds no count: a packet that comes in between only begins it anew. */
static void forget_idle_orders(struct probe_run *run, uint64_t now_ns)
{
	int fd = bpf_map__fd(run->bpf->maps.orders);
	struct quality_key next;
	struct quality_order order;

	for (int i = 0; i < ORDERS_AT_A_TIME; i++) {
		bool begin = !run->order_cursor_set;
		int r = bpf_map_get_next_key(fd, begin ? NULL : &run->order_cursor, &next);

		if (!begin && bpf_map_lookup_elem(fd, &run->order_cursor, &order) == 0 &&
		    order.last_ns + ORDER_IDLE_NS < now_ns)
			bpf_map_delete_elem(fd, &run->order_cursor);
		run->order_cursor_set = r == 0;
		if (r < 0)
			return;
		run->order_cursor = next;
	}
}

int flow_quality_collect(const struct flow_rows *r)
{
	int e = collect_qualities(r), given_up;

	flow_quality_set_clock(r->run);
	given_up = give_up_echoes(r);
	forget_idle_orders(r->run, r->now_ns);
	return e < 0 ? e : given_up;
}
