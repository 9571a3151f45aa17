/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "gtpu_run.h"
#include "percpu.h"

static struct gtpu_count *total_of(struct gtpu_counts *c, const struct gtpu_count_key *key)
{
	for (size_t i = 0; i < c->len; i++)
		if (!memcmp(&c->rows[i].key, key, sizeof(*key)))
			return &c->rows[i].total;
	if (c->len == ARRAY_SIZE(c->rows))
		return NULL;
	c->rows[c->len].key = *key;
	return &c->rows[c->len++].total;
}

static void emit_count(const struct gtpu_count_key *key, const struct gtpu_count *diff,
		       event_fn emit, void *data)
{
	struct event e = {.probe = "gtpu", .event = "count", .ts_ns = clock_boot_ns()};

	e.function = gtpu_function_name(key->func_id);
	if (!e.function)
		return;
	e.func_id = key->func_id;
	e.direction = gtpu_function_direction(key->func_id) == GTPU_DOWNLINK ?
			      DIRECTION_DOWNLINK : DIRECTION_UPLINK;
	e.packets = diff->packets;
	e.bytes = diff->bytes;
	event_set(&e, F_DIRECTION);
	event_set(&e, F_FUNCTION);
	event_set(&e, F_FUNC_ID);
	event_set(&e, F_PACKETS);
	event_set(&e, F_BYTES);
	if (key->ret != GTPU_NO_RETURN) {
		e.return_value = key->ret;
		event_set(&e, F_RETURN);
	}
	emit(data, &e);
}

static void emit_difference(const struct gtpu_count_key *key, const struct gtpu_count *now,
			    struct gtpu_count *seen, event_fn emit, void *data)
{
	struct gtpu_count diff = {now->packets - seen->packets, now->bytes - seen->bytes};

	*seen = *now;
	if (diff.packets)
		emit_count(key, &diff, emit, data);
}

static int collect_key(struct gtpu_counts *c, int map_fd, const struct gtpu_count_key *key,
		       event_fn emit, void *data)
{
	struct gtpu_count *total = total_of(c, key), now;
	int r = percpu_sum(map_fd, key, (uint64_t *)&now, 2);

	if (r)
		return r;
	if (!total)
		return -ENOSPC;
	emit_difference(key, &now, total, emit, data);
	return 0;
}

static int collect_usual(struct gtpu_usual_counts *seen, int map_fd, uint32_t func, event_fn emit,
			 void *data)
{
	struct gtpu_count_key key = {.func_id = func, .ret = GTPU_NO_RETURN};
	struct gtpu_usual_counts now;
	int r = percpu_sum(map_fd, &func, (uint64_t *)&now, sizeof(now) / sizeof(uint64_t));

	if (r)
		return r;
	emit_difference(&key, &now.none, &seen->none, emit, data);
	for (key.ret = 0; key.ret < GTPU_USUAL_RETURNS; key.ret++)
		emit_difference(&key, &now.returned[key.ret], &seen->returned[key.ret], emit, data);
	return 0;
}

/* No key is ever removed, so that nothing counted is lost and the walk visits each key once. */
int gtpu_counts_collect(struct gtpu_counts *c, int map_fd, int usual_fd, event_fn emit, void *data)
{
	struct gtpu_count_key key, *previous = NULL;

	for (uint32_t func = 0; func < GTPU_FUNCS; func++) {
		int r = gtpu_function_name(func) ?
				collect_usual(&c->usual[func], usual_fd, func, emit, data) : 0;

		if (r)
			return r;
	}

	for (size_t i = 0; i < GTPU_COUNT_KEYS; i++) {
		int r;

		if (bpf_map_get_next_key(map_fd, previous, &key))
			return errno == ENOENT ? 0 : -errno;
		r = collect_key(c, map_fd, &key, emit, data);
		if (r)
			return r;
		previous = &key;
	}
	return 0;
}
