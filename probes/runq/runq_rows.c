/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the counting map to rows. A run or a wait is counted when it ends. A long one is reported in parts before,
 * which are taken off the count then. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "runq.skel.h"
#include "runq_run.h"

_Static_assert(RUNQ_BUCKETS == EVENT_WAIT_BUCKETS, "a row has the buckets of the kernel side");

struct balance {
	uint64_t counted, told, open; /* ns */
	bool ahead;		      /* more was reported than counted, the last time */
};

struct told {
	struct balance wait, on_cpu;
	struct event_wait row; /* of this collection */
	char comm[RUNQ_COMM_LEN];
	bool alive; /* in this collection: known to the kernel side, or counted */
};

int runq_rows_start(struct probe_run *run, struct err *err)
{
	/* those that ended since the last collection, too */
	run->told = map_new(sizeof(struct runq_key), sizeof(struct told), 2 * run->max_threads);
	return run->told ? 0 : err_set(err, -ENOMEM, "out of memory for %u threads", run->max_threads);
}

/* Of a thread, on one CPU. */
static void add_value(struct told *t, const struct runq_value *v)
{
	t->wait.counted += v->wait_ns;
	t->on_cpu.counted += v->on_cpu_ns;
	t->row.max_ns = MAX(t->row.max_ns, v->max_ns);
	t->row.switches += v->switches;
	t->row.preemptions += v->preempted;
	for (int i = 0; i < RUNQ_BUCKETS; i++) {
		t->row.buckets[i] += v->waits[i];
		t->row.count += v->waits[i];
	}
	if (v->comm[0])
		memcpy(t->comm, v->comm, sizeof(t->comm) - 1);
}

static void take_counts(void *data, const struct gen_row *row)
{
	struct runq_key key = *(const struct runq_key *)row->key;
	struct probe_run *run = data;
	struct told *t;

	key.cpu = 0;
	t = map_put(run->told, &key, NULL);
	if (!t)
		return; /* counted by the map */
	t->alive = true;
	add_value(t, row->value);
}

static void take_open(struct probe_run *run, const struct runq_thread *thread, uint64_t now_ns)
{
	const struct runq_key key = {.tgid = thread->tgid, .tid = thread->tid};
	struct told *t = map_put(run->told, &key, NULL);
	uint64_t ns = now_ns > thread->since_ns ? now_ns - thread->since_ns : 0;

	if (!t)
		return;
	t->alive = true;
	if (thread->state == RUNQ_WAITS)
		t->wait.open = ns;
	else if (thread->state == RUNQ_RUNS)
		t->on_cpu.open = ns;
}

/* After the swap: what ends from now on is counted in the other generation. */
static int take_threads(struct probe_run *run)
{
	_cleanup_free_ uint32_t *tids = calloc(run->max_threads, sizeof(*tids));
	_cleanup_free_ struct runq_thread *threads = calloc(run->max_threads, sizeof(*threads));
	uint32_t n = run->max_threads, position;
	uint64_t now_ns;

	if (!tids || !threads)
		return -ENOMEM;
	if (bpf_map_lookup_batch(bpf_map__fd(run->bpf->maps.threads), NULL, &position, tids, threads, &n, NULL) < 0 &&
	    errno != ENOENT)
		return -errno;
	now_ns = clock_monotonic_ns();
	for (uint32_t i = 0; i < n; i++)
		take_open(run, &threads[i], now_ns);
	return 0;
}

/* What is new. A part that was reported may by now be counted in the generation that is not read yet: then nothing is
 * new until that is read. A part that is missing from the next count too stays missing, because its end was not
 * seen. */
static uint64_t settle(struct balance *b)
{
	uint64_t total = b->counted + b->open, news = total > b->told ? total - b->told : 0;
	bool ahead = total < b->told;

	if (!ahead || b->ahead)
		b->told = total;
	b->ahead = ahead && !b->ahead;
	b->open = 0;
	return news;
}

static void emit_row(const struct runq_key *key, struct told *t, uint64_t now_ns, event_fn emit, void *data)
{
	struct event e = {.probe = "runq",
			  .kind = KIND_WAIT,
			  .ts_ns = now_ns,
			  .pid = key->tid,
			  .tgid = key->tgid,
			  .wait = &t->row};

	t->row.total_ns = settle(&t->wait);
	t->row.on_cpu_ns = settle(&t->on_cpu);
	if (!t->row.total_ns && !t->row.on_cpu_ns && !t->row.count && !t->row.switches)
		return;
	event_set(&e, F_PID);
	event_set(&e, F_TGID);
	memcpy(e.comm, t->comm, sizeof(t->comm));
	if (e.comm[0])
		event_set(&e, F_COMM);
	emit(data, &e);
}

int runq_collect(struct probe_run *run, event_fn emit, void *data)
{
	const void *key;
	size_t cursor = 0;
	uint64_t now_ns;
	struct told *t;
	int r = gen_swap(run->waits);

	if (r == 0)
		r = take_threads(run);
	now_ns = clock_boot_ns();
	if (r == 0)
		r = gen_drain(run->waits, take_counts, run);
	while ((t = map_next(run->told, &cursor, &key))) {
		struct runq_key k = *(const struct runq_key *)key;

		emit_row(&k, t, now_ns, emit, data);
		if (!t->alive)
			map_remove(run->told, &k);
		t->alive = false;
		t->row = (struct event_wait){0};
	}
	return r;
}
