/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "gtpu_run.h"

int gtpu_percpu_sum(int map_fd, const void *key, uint64_t *ret, size_t n)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *values = NULL;

	if (cpus < 0)
		return cpus;
	values = calloc((size_t)cpus * n, sizeof(*values));
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(map_fd, key, values))
		return -errno;
	memset(ret, 0, n * sizeof(*ret));
	for (size_t i = 0; i < (size_t)cpus * n; i++)
		ret[i % n] += values[i];
	return 0;
}

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

static int collect_key(struct gtpu_counts *c, int map_fd, const struct gtpu_count_key *key,
		       event_fn emit, void *data)
{
	struct gtpu_count *total = total_of(c, key), diff;
	uint64_t now[2];
	int r = gtpu_percpu_sum(map_fd, key, now, 2);

	if (r)
		return r;
	if (!total)
		return -ENOSPC;
	diff = (struct gtpu_count){now[0] - total->packets, now[1] - total->bytes};
	*total = (struct gtpu_count){now[0], now[1]};
	if (diff.packets)
		emit_count(key, &diff, emit, data);
	return 0;
}

/* No key is ever removed, so that nothing counted is lost and the walk visits each key once. */
int gtpu_counts_collect(struct gtpu_counts *c, int map_fd, event_fn emit, void *data)
{
	struct gtpu_count_key key, *previous = NULL;

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
