/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rows from the maps that only ever count up: calls by function and return, packets by what became of them, and
 * durations. A key is never removed, so that nothing counted is lost and a walk visits each key once. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "gtpu_run.h"
#include "percpu.h"

#define COUNTERS(value) (sizeof(value) / sizeof(uint64_t))

struct event gtpu_function_row(enum event_kind kind, uint32_t func_id)
{
	struct event e = {.probe = "gtpu", .kind = kind, .ts_ns = clock_boot_ns()};

	e.call.function = gtpu_function_name(func_id);
	e.call.func_id = func_id;
	e.direction = gtpu_function_direction(func_id) == GTPU_DOWNLINK ? DIRECTION_DOWNLINK : DIRECTION_UPLINK;
	event_set(&e, F_DIRECTION);
	event_set(&e, F_FUNCTION);
	event_set(&e, F_FUNC_ID);
	return e;
}

uint32_t gtpu_path_function(size_t path)
{
	return gtpu_span_func((uint32_t)path, GTPU_SPAN_WHOLE);
}

static struct event count_row(uint32_t func_id, const struct gtpu_count *diff)
{
	struct event e = gtpu_function_row(KIND_COUNT, func_id);

	e.packets = diff->packets;
	e.bytes = diff->bytes;
	event_set(&e, F_PACKETS);
	event_set(&e, F_BYTES);
	return e;
}

/* Calls by function and return. */

static struct gtpu_count *counted_of(struct gtpu_counts *c, const struct gtpu_count_key *key)
{
	for (size_t i = 0; i < c->len; i++)
		if (!memcmp(&c->rows[i].key, key, sizeof(*key)))
			return &c->rows[i].total;
	if (c->len == ARRAY_SIZE(c->rows))
		return NULL;
	c->rows[c->len].key = *key;
	return &c->rows[c->len++].total;
}

static void emit_count(const struct gtpu_count_key *key, const struct gtpu_count *now, struct gtpu_count *seen,
		       event_fn emit, void *data)
{
	struct gtpu_count diff = {now->packets - seen->packets, now->bytes - seen->bytes};
	struct event e;

	*seen = *now;
	if (!diff.packets || !gtpu_function_name(key->func_id))
		return;
	e = count_row(key->func_id, &diff);
	if (key->ret != GTPU_NO_RETURN) {
		e.call.return_value = key->ret;
		event_set(&e, F_RETURN);
	}
	emit(data, &e);
}

static int collect_count(struct gtpu_counts *c, int map_fd, const struct gtpu_count_key *key, event_fn emit, void *data)
{
	struct gtpu_count *seen = counted_of(c, key), now;
	int r = percpu_sum(map_fd, key, (uint64_t *)&now, COUNTERS(now));

	if (r)
		return r;
	if (!seen)
		return -ENOSPC;
	emit_count(key, &now, seen, emit, data);
	return 0;
}

static int collect_usual(struct gtpu_usual_counts *seen, int map_fd, uint32_t func, event_fn emit, void *data)
{
	struct gtpu_count_key key = {.func_id = func, .ret = GTPU_NO_RETURN};
	struct gtpu_usual_counts now;
	int r = percpu_sum(map_fd, &func, (uint64_t *)&now, COUNTERS(now));

	if (r)
		return r;
	emit_count(&key, &now.none, &seen->none, emit, data);
	for (key.ret = 0; key.ret < GTPU_USUAL_RETURNS; key.ret++)
		emit_count(&key, &now.returned[key.ret], &seen->returned[key.ret], emit, data);
	return 0;
}

int gtpu_counts_collect(struct gtpu_counts *c, int map_fd, int usual_fd, event_fn emit, void *data)
{
	struct gtpu_count_key key, *previous = NULL;

	for (uint32_t func = 0; func < GTPU_FUNCS; func++) {
		int r = gtpu_function_name(func) ? collect_usual(&c->usual[func], usual_fd, func, emit, data) : 0;

		if (r)
			return r;
	}

	for (size_t i = 0; i < GTPU_COUNT_KEYS; i++) {
		int r;

		if (bpf_map_get_next_key(map_fd, previous, &key))
			return errno == ENOENT ? 0 : -errno;
		r = collect_count(c, map_fd, &key, emit, data);
		if (r)
			return r;
		previous = &key;
	}
	return 0;
}

/* Packets by what became of them. */

/* i: the place in the table [path][verdict][reason]. */
static void emit_outcome(size_t i, const struct gtpu_count *diff, event_fn emit, void *data)
{
	struct event e = count_row(gtpu_path_function(i / (GTPU_VERDICTS * GTPU_REASONS)), diff);

	e.call.verdict = gtpu_verdict_name((unsigned)(i / GTPU_REASONS % GTPU_VERDICTS));
	e.reason = gtpu_reason_name((unsigned)(i % GTPU_REASONS));
	if (e.call.verdict)
		event_set(&e, F_VERDICT);
	if (e.reason)
		event_set(&e, F_REASON);
	emit(data, &e);
}

int gtpu_outcomes_collect(struct gtpu_outcomes *seen, int map_fd, event_fn emit, void *data)
{
	const size_t n = GTPU_PATHS * GTPU_VERDICTS * GTPU_REASONS;
	struct gtpu_outcomes now;
	const struct gtpu_count *to = &now.count[0][0][0];
	const struct gtpu_count *from = &seen->count[0][0][0];
	uint32_t zero = 0;
	int r = percpu_sum(map_fd, &zero, (uint64_t *)&now, COUNTERS(now));

	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct gtpu_count diff = {to[i].packets - from[i].packets, to[i].bytes - from[i].bytes};

		if (diff.packets)
			emit_outcome(i, &diff, emit, data);
	}
	*seen = now;
	return 0;
}

/* Durations. */

int gtpu_latencies_start(int map_fd)
{
	_cleanup_free_ void *zero = NULL;
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	zero = calloc((size_t)cpus, sizeof(struct gtpu_latency));
	if (!zero)
		return -ENOMEM;
	for (uint16_t path = 0; path < GTPU_PATHS; path++) {
		struct gtpu_latency_key key = {.path = path, .qfi = GTPU_ANY_QFI};

		if (bpf_map_update_elem(map_fd, &key, zero, BPF_NOEXIST) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static struct event span_row(const struct gtpu_latency_key *key, uint32_t span)
{
	uint32_t stage = span - GTPU_SPAN_STAGES;
	struct event e = gtpu_function_row(KIND_LATENCY,
					   gtpu_span_func(key->path, span < GTPU_SPAN_CALLS ? span : GTPU_SPAN_WHOLE));

	e.direction = gtpu_function_direction(gtpu_path_function(key->path)) == GTPU_DOWNLINK ? DIRECTION_DOWNLINK
											      : DIRECTION_UPLINK;
	if (span >= GTPU_SPAN_STAGES) {
		e.call.stage = gtpu_stage_name(stage);
		event_set(&e, F_STAGE);
	}
	if (key->qfi < GTPU_NO_QFI) {
		e.gtp.qfi = (uint8_t)key->qfi;
		event_set(&e, F_GTP_QFI);
	}
	return e;
}

/* One event for each bucket in which now is ahead of seen. */
static void emit_span(struct event e, const __u64 *now, const __u64 *seen, event_fn emit, void *data)
{
	for (size_t bucket = 0; bucket < GTPU_LATENCY_BUCKETS; bucket++) {
		if (now[bucket] == seen[bucket])
			continue;
		e.call.duration_ns = UINT64_C(1) << bucket;
		e.packets = now[bucket] - seen[bucket];
		event_set(&e, F_DURATION_NS);
		event_set(&e, F_PACKETS);
		emit(data, &e);
	}
}

static struct gtpu_latency *latency_seen_of(struct gtpu_latencies *l, const struct gtpu_latency_key *key)
{
	for (size_t i = 0; i < l->len; i++)
		if (!memcmp(&l->rows[i].key, key, sizeof(*key)))
			return &l->rows[i].seen;
	if (l->len == ARRAY_SIZE(l->rows))
		return NULL;
	l->rows[l->len].key = *key;
	return &l->rows[l->len++].seen;
}

static int collect_latency(struct gtpu_latencies *l, int map_fd, const struct gtpu_latency_key *key, event_fn emit,
			   void *data)
{
	struct gtpu_latency *seen = latency_seen_of(l, key), now;
	int r = percpu_sum(map_fd, key, (uint64_t *)&now, COUNTERS(now));

	if (r || !seen)
		return r ? r : -ENOSPC;
	for (uint32_t span = 0; span < GTPU_SPANS; span++)
		emit_span(span_row(key, span), now.calls[span], seen->calls[span], emit, data);
	*seen = now;
	return 0;
}

int gtpu_latencies_collect(struct gtpu_latencies *l, int map_fd, event_fn emit, void *data)
{
	struct gtpu_latency_key key, *previous = NULL;

	for (size_t i = 0; i < GTPU_LATENCY_KEYS; i++) {
		int r;

		if (bpf_map_get_next_key(map_fd, previous, &key))
			return errno == ENOENT ? 0 : -errno;
		r = collect_latency(l, map_fd, &key, emit, data);
		if (r)
			return r;
		previous = &key;
	}
	return 0;
}
