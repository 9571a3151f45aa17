/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "loads.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cleanup.h"
#include "map.h"
#include "record.h"

#define NAMESPACES_MAX 256
#define N3_MAX 16 /* addresses in a namespace */
#define N3_QUIET_MAX 60

struct entry {
	struct load now; /* of the interval that goes on */
	struct load last;
	uint64_t buckets[EVENT_WAIT_BUCKETS];
	bool told; /* a row came in the interval */
};

struct n3 {
	struct addr addresses[N3_MAX];
	size_t len;
	unsigned quiet; /* intervals without a row */
};

struct loads {
	struct map *by_pid;   /* int32_t -> struct entry */
	struct map *by_netns; /* uint64_t -> struct n3 */
	uint64_t begin_ns;
	uint64_t interval_ns; /* of the last one */
	uint64_t ticks;
	struct loads_counts counts;
};

static double per_ns(uint64_t n, uint64_t ns)
{
	return ns ? (double)n / (double)ns : 0;
}

double load_packets_per_s(const struct load *l)
{
	return per_ns(l->packets, l->interval_ns) * (double)NSEC_PER_SEC;
}

double load_cpus(const struct load *l)
{
	return per_ns(l->on_cpu_ns, l->interval_ns);
}

double load_schedulable(const struct load *l)
{
	return per_ns(l->wait_ns, l->wait_ns + l->on_cpu_ns);
}

struct loads *loads_new(size_t max_processes, uint64_t now_ns)
{
	struct loads *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->begin_ns = now_ns;
	t->by_pid = map_new(sizeof(int32_t), sizeof(struct entry), max_processes);
	t->by_netns = map_new(sizeof(uint64_t), sizeof(struct n3), NAMESPACES_MAX);
	if (!t->by_pid || !t->by_netns) {
		loads_free(t);
		return NULL;
	}
	return t;
}

void loads_free(struct loads *t)
{
	if (!t)
		return;
	map_free(t->by_pid);
	map_free(t->by_netns);
	free(t);
}

static struct entry *entry_of(struct loads *t, const struct event *row)
{
	int32_t pid = (int32_t)row->tgid;
	struct entry *e;

	if (!event_has(row, F_TGID) || !row->tgid || row->tgid > INT32_MAX)
		return NULL;
	e = map_put(t->by_pid, &pid, NULL);
	if (!e)
		t->counts.refused++;
	else
		e->told = true;
	return e;
}

static void add_sender(struct loads *t, const struct event *row)
{
	struct entry *e;

	if (event_has(row, F_CONTEXT) && row->context != CONTEXT_PROCESS)
		return;
	e = entry_of(t, row);
	if (e)
		e->now.packets += event_has(row, F_PACKETS) ? row->packets : 1;
}

static void add_wait(struct loads *t, const struct event *row)
{
	const struct event_wait *w = row->wait;
	struct entry *e = entry_of(t, row);

	if (!e)
		return;
	e->now.waits += w->count;
	e->now.wait_ns += w->total_ns;
	e->now.on_cpu_ns += w->on_cpu_ns;
	e->now.switches += w->switches;
	e->now.preemptions += w->preemptions;
	for (int i = 0; i < EVENT_WAIT_BUCKETS; i++)
		e->buckets[i] += w->buckets[i];
}

static void add_address(struct loads *t, uint64_t netns, const struct addr *address)
{
	struct n3 *n3 = map_put(t->by_netns, &netns, NULL);

	if (n3)
		n3->quiet = 0;
	for (size_t i = 0; n3 && i < n3->len; i++)
		if (addr_equal(&n3->addresses[i], address))
			return;
	if (n3 && n3->len < N3_MAX)
		n3->addresses[n3->len++] = *address;
	else
		t->counts.n3_refused++;
}

static void add_tunnel(struct loads *t, const struct event *row)
{
	if (!row->netns_inode || !event_has(row, F_OUTER_SRC) || !event_has(row, F_OUTER_DST))
		return;
	add_address(t, row->netns_inode, &row->outer.src);
	add_address(t, row->netns_inode, &row->outer.dst);
}

bool loads_add(struct loads *t, const struct event *row)
{
	switch (row->kind) {
	case KIND_SENDER:
		add_sender(t, row);
		return true;
	case KIND_WAIT:
		if (row->wait)
			add_wait(t, row);
		return row->wait;
	case KIND_TUNNEL:
		add_tunnel(t, row);
		return true;
	default:
		return false;
	}
}

/* The end of the bucket in which the share of all waits is reached: its last ns. */
static uint64_t at_most(const struct entry *e, uint64_t percent)
{
	uint64_t sum = 0, all = 0;

	for (int i = 0; i < EVENT_WAIT_BUCKETS; i++)
		all += e->buckets[i];
	for (int i = 0; i < EVENT_WAIT_BUCKETS && all; i++) {
		sum += e->buckets[i];
		if (sum * 100 >= all * percent)
			return (UINT64_C(2) << i) - 1;
	}
	return 0;
}

static void end_interval(struct entry *e, uint64_t interval_ns)
{
	e->now.interval_ns = interval_ns;
	e->now.p50_ns = at_most(e, 50);
	e->now.p99_ns = at_most(e, 99);
	e->last = e->now;
	e->now = (struct load){0};
	memset(e->buckets, 0, sizeof(e->buckets));
}

static void forget_quiet(struct loads *t)
{
	const void *key;
	size_t cursor = 0;
	struct n3 *n3;

	while ((n3 = map_next(t->by_netns, &cursor, &key))) {
		uint64_t netns = *(const uint64_t *)key;

		if (n3->quiet++ == N3_QUIET_MAX)
			map_remove(t->by_netns, &netns);
	}
}

void loads_tick(struct loads *t, uint64_t now_ns)
{
	const void *key;
	size_t cursor = 0;
	struct entry *e;

	t->interval_ns = now_ns > t->begin_ns ? now_ns - t->begin_ns : 0;
	t->begin_ns = now_ns;
	t->ticks++;
	while ((e = map_next(t->by_pid, &cursor, &key))) {
		int32_t pid = *(const int32_t *)key;

		end_interval(e, t->interval_ns);
		if (!e->told)
			map_remove(t->by_pid, &pid);
		else
			e->told = false;
	}
	forget_quiet(t);
}

uint64_t loads_ticks(const struct loads *t)
{
	return t->ticks;
}

struct load loads_of(const struct loads *t, int32_t pid)
{
	const struct entry *e = map_get(t->by_pid, &pid);

	return e ? e->last : (struct load){.interval_ns = t->interval_ns};
}

bool loads_n3_seen(const struct loads *t, uint64_t netns_inode, const char *pattern)
{
	const struct n3 *n3 = map_get(t->by_netns, &netns_inode);
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; n3 && i < n3->len; i++)
		if (!fnmatch(pattern, addr_format(&n3->addresses[i], text), 0))
			return true;
	return false;
}

struct loads_counts loads_counts(const struct loads *t)
{
	return t->counts;
}
