/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "gtpu_run.h"
#include "percpu.h"

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
	struct event e = gtpu_function_row(
		"latency", gtpu_span_func(key->path, span < GTPU_SPAN_CALLS ? span : GTPU_SPAN_WHOLE));

	e.direction = gtpu_function_direction(gtpu_path_function(key->path)) == GTPU_DOWNLINK ?
			      DIRECTION_DOWNLINK : DIRECTION_UPLINK;
	if (span >= GTPU_SPAN_STAGES) {
		e.stage = gtpu_stage_name(stage);
		event_set(&e, F_STAGE);
	}
	if (key->qfi < GTPU_NO_QFI) {
		e.gtp.qfi = (uint8_t)key->qfi;
		event_set(&e, F_GTP_QFI);
	}
	return e;
}

static void emit_span(const struct gtpu_latency_key *key, uint32_t span, const __u64 *now,
		      const __u64 *seen, event_fn emit, void *data)
{
	for (size_t bucket = 0; bucket < GTPU_LATENCY_BUCKETS; bucket++) {
		struct event e;

		if (now[bucket] == seen[bucket])
			continue;
		e = span_row(key, span);
		e.duration_ns = UINT64_C(1) << bucket;
		e.packets = now[bucket] - seen[bucket];
		event_set(&e, F_DURATION_NS);
		event_set(&e, F_PACKETS);
		emit(data, &e);
	}
}

static struct gtpu_latency *seen_of(struct gtpu_latencies *l, const struct gtpu_latency_key *key)
{
	for (size_t i = 0; i < l->len; i++)
		if (!memcmp(&l->rows[i].key, key, sizeof(*key)))
			return &l->rows[i].seen;
	if (l->len == ARRAY_SIZE(l->rows))
		return NULL;
	l->rows[l->len].key = *key;
	return &l->rows[l->len++].seen;
}

static int collect_key(struct gtpu_latencies *l, int map_fd, const struct gtpu_latency_key *key,
		       event_fn emit, void *data)
{
	struct gtpu_latency *seen = seen_of(l, key), now;
	int r = percpu_sum(map_fd, key, (uint64_t *)&now, sizeof(now) / sizeof(uint64_t));

	if (r || !seen)
		return r ? r : -ENOSPC;
	for (uint32_t span = 0; span < GTPU_SPANS; span++)
		emit_span(key, span, now.calls[span], seen->calls[span], emit, data);
	*seen = now;
	return 0;
}

/* No key is ever removed, so that the walk visits each once. */
int gtpu_latencies_collect(struct gtpu_latencies *l, int map_fd, event_fn emit, void *data)
{
	struct gtpu_latency_key key, *previous = NULL;

	for (size_t i = 0; i < GTPU_LATENCY_KEYS; i++) {
		int r;

		if (bpf_map_get_next_key(map_fd, previous, &key))
			return errno == ENOENT ? 0 : -errno;
		r = collect_key(l, map_fd, &key, emit, data);
		if (r)
			return r;
		previous = &key;
	}
	return 0;
}
