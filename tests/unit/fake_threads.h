/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Threads that are made up, for the back end of this kernel: they live in shared memory, so that a
 * child may be killed at any system call and its successor finds what it left. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "cleanup.h"
#include "fake_root.h"
#include "local.h"

#define OWN_SLICE 2800000
#define MS 1000000

struct fake_thread {
	int32_t tid; /* 0: none */
	uint64_t start;
	struct thread_sched sched;
	int refuses; /* -errno of set */
};

#define THREADS 8
#define SELF 0 /* of the caller */

struct fake {
	struct fake_thread threads[THREADS];
	bool slices, ext;
	uint64_t now;
	int32_t reused; /* a thread whose number is another's from the next call of set on; 0: none */
	int dies_at;	/* a call of set: negative: after it; 0: never */
	int sets;
};

struct bench {
	struct fake *fake; /* shared with children */
	struct local_ops ops;
	struct local_options options;
	struct fake_root dir;
	char path[80]; /* of the folder for local_start() */
	struct backend *backend;
	struct local_report report, recovered;
	unsigned reports;
};

static inline struct fake_thread *fake_find(struct fake *f, int32_t tid)
{
	if (!tid)
		return &f->threads[SELF];
	for (size_t i = 1; i < THREADS; i++)
		if (f->threads[i].tid == tid)
			return &f->threads[i];
	return NULL;
}

static inline int fake_get(void *data, int32_t tid, struct thread_sched *ret)
{
	struct fake *f = data;
	const struct fake_thread *t = fake_find(f, tid);

	if (!t)
		return -ESRCH;
	*ret = t->sched;
	return 0;
}

/* As Linux 6.12 does it, or an earlier one: those ignore the slice and tell none. */
static inline int fake_set(void *data, int32_t tid, const struct thread_sched *s)
{
	struct fake *f = data;
	struct fake_thread *t = fake_find(f, tid);

	if (tid && ++f->sets == f->dies_at)
		_exit(0);
	if (t && tid && f->reused == tid) {
		t->start += 100;
		f->reused = 0;
	}
	if (!t || t->refuses)
		return t ? t->refuses : -ESRCH;
	t->sched = *s;
	if (!thread_sched_fair(s) || !f->slices)
		t->sched.slice_ns = 0;
	else if (!s->slice_ns)
		t->sched.slice_ns = OWN_SLICE;
	if (tid && f->sets == -f->dies_at)
		_exit(0);
	return 0;
}

static inline int fake_start_time(void *data, int32_t tid, uint64_t *ret)
{
	const struct fake_thread *t = fake_find(data, tid);

	if (!t)
		return -ESRCH;
	*ret = t->start;
	return 0;
}

static inline bool fake_ext_runs(void *data)
{
	return ((struct fake *)data)->ext;
}

static inline uint64_t fake_now(void *data)
{
	return ((struct fake *)data)->now;
}

static inline void on_changed(void *data, const struct local_report *report, const struct local_report *before)
{
	struct bench *b = data;

	b->report = *report;
	b->reports++;
}

static inline struct thread_sched other(int32_t nice)
{
	return (struct thread_sched){.policy = SCHED_OTHER, .nice = nice, .slice_ns = OWN_SLICE};
}

static inline void add_thread(struct bench *b, size_t i, int32_t tid, uint64_t start, int32_t nice)
{
	b->fake->threads[i] = (struct fake_thread){.tid = tid, .start = start, .sched = other(nice)};
	if (!b->fake->slices)
		b->fake->threads[i].sched.slice_ns = 0;
}

static inline int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->fake = mmap(NULL, sizeof(*b->fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fake_require(b->fake != MAP_FAILED, "mmap");
	b->fake->slices = true;
	b->fake->now = UINT64_C(1000) * MS;
	b->ops = (struct local_ops){fake_get, fake_set, fake_start_time, fake_ext_runs, fake_now, b->fake};
	b->options = (struct local_options){
		.policy = LOCAL_NICE, .nice = -10, .rt_priority = 1, .slice_ns = MS, .max_threads = 6};
	fake_begin(&b->dir);
	snprintf(b->path, sizeof(b->path), "%s/run/local", b->dir.path);
	add_thread(b, SELF, 1, 1, 0);
	add_thread(b, 1, 100, 10, 0);
	add_thread(b, 2, 101, 11, 5);
	add_thread(b, 3, 200, 12, 0);
	*state = b;
	return 0;
}

static inline int teardown(void **state)
{
	struct bench *b = *state;

	if (b->backend)
		b->backend->ops->free(b->backend);
	fake_end(&b->dir);
	munmap(b->fake, sizeof(*b->fake));
	free(b);
	return 0;
}

static inline struct local_setup setup_of(struct bench *b)
{
	return (struct local_setup){&b->options, b->path, &b->ops, on_changed, b};
}

static inline void begin(struct bench *b)
{
	const struct local_setup setup = setup_of(b);
	struct err err = {0};

	assert_int_equal(local_start(&b->backend, &setup, &b->recovered, &err), 0);
}

static inline void end(struct bench *b)
{
	b->backend->ops->free(b->backend);
	b->backend = NULL;
}

/* Threads by tid, 0 ends them; group 100 but for 200. */
static inline void give(struct bench *b, const int32_t *tids)
{
	_cleanup_(strategy_list_free) struct strategy_list list = {0};

	for (; *tids; tids++) {
		const struct fake_thread *t = fake_find(b->fake, *tids);
		const struct strategy s = {.pid = *tids,
					   .tgid = *tids < 200 ? 100 : 200,
					   .priority = true,
					   .execution_time_ns = 20 * MS,
					   .start_time = t ? t->start : 7};

		assert_int_equal(strategy_list_add(&list, s), 0);
	}
	assert_int_equal(b->backend->ops->set(b->backend, &list), 0);
}

#define GIVE(b, ...) give(b, (const int32_t[]){__VA_ARGS__, 0})

static inline void on_done(void *data, int r)
{
	*(int *)data = r;
}

static inline int withdraw(struct bench *b)
{
	int r = 1;

	b->backend->ops->withdraw(b->backend, MS, on_done, &r);
	return r;
}

static inline struct thread_sched now(const struct bench *b, int32_t tid)
{
	return fake_find(b->fake, tid)->sched;
}

static inline void expect(const struct bench *b, int32_t tid, struct thread_sched want)
{
	struct thread_sched have = now(b, tid);

	assert_true(thread_sched_same(&have, &want));
}

static inline struct thread_sched boosted(void)
{
	return (struct thread_sched){.policy = SCHED_OTHER, .nice = -10, .slice_ns = MS, .reset_on_fork = true};
}

static inline bool has_record(const struct bench *b)
{
	char path[128], file[LOCAL_FILE_MAX];

	snprintf(path, sizeof(path), "%s/%s", b->path, local_file(file));
	return access(path, F_OK) == 0;
}
