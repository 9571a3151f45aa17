/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gen.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "object.h"
#include "object_reason.h"
#include "thread.h"

#define BATCH 512U

/* A CPU counts for itself: a flow that is seen on more CPUs than that takes the room of others. */
#define CPUS_OF_A_KEY 4

struct gen {
	struct bpf_map *outer; /* the object's */
	int fd[2];
	unsigned active;
	uint32_t max_entries;
	uint32_t key_size, value_size;
	uint32_t flags;
	char name[BPF_OBJ_NAME_LEN];
	int started; /* of activate() in gen_start_all() */
};

void gen_free(struct gen *g)
{
	if (!g)
		return;
	for (int i = 0; i < 2; i++)
		if (g->fd[i] >= 0)
			close(g->fd[i]);
	free(g);
}

DEFINE_CLEANUP(struct gen *, gen, gen_free)

uint32_t gen_room(uint64_t keys)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return (uint32_t)MIN(keys * (uint64_t)MAX(1, MIN(cpus, CPUS_OF_A_KEY)), UINT32_MAX / 2);
}

static int make(struct gen *g, unsigned which)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = g->flags);
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, g->name, g->key_size, g->value_size, g->max_entries, &opts);

	if (fd < 0)
		return -errno;
	g->fd[which] = fd;
	return 0;
}

static int make_first(struct gen *g, struct err *err)
{
	int r = make(g, 0);

	if (r == -EPERM)
		return object_not_permitted("counting maps", err);
	if (r == 0)
		r = bpf_map__set_inner_map_fd(g->outer, g->fd[0]);
	return r < 0 ? err_set(err, r, "counting map %s with %u entries: %s", g->name, g->max_entries,
			       object_error_words(r))
		     : 0;
}

int gen_prepare(struct gen **ret, struct bpf_map *outer, uint32_t max_entries, struct err *err)
{
	struct bpf_map *inner = bpf_map__inner_map(outer);
	_cleanup_(cleanup_gen) struct gen *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_oom(err);
	g->fd[0] = g->fd[1] = -1;
	if (!inner)
		return err_set(err, -ENOMEM, "counting map %s: cannot be set up", bpf_map__name(outer));
	g->outer = outer;
	snprintf(g->name, sizeof(g->name), "%s", bpf_map__name(outer));
	g->max_entries = max_entries;
	g->key_size = bpf_map__key_size(inner);
	g->value_size = bpf_map__value_size(inner);
	g->flags = bpf_map__map_flags(inner);
	r = make_first(g, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(g);
	return 0;
}

/* The kernel returns when no program uses what was there before. */
static int put_at(const struct gen *g, uint32_t place, unsigned which)
{
	return bpf_map_update_elem(bpf_map__fd(g->outer), &place, &g->fd[which], BPF_ANY) < 0 ? -errno : 0;
}

static int activate(struct gen *g, unsigned which)
{
	int r = put_at(g, 0, which);

	if (r == 0)
		g->active = which;
	return r;
}

static void *activate_first(void *data)
{
	struct gen *g = data;

	g->started = activate(g, 0);
	return NULL;
}

/* Each waits for the same programs, which takes as long for one as for all of them. */
static void activate_all(struct gen *const gens[], size_t n)
{
	pthread_t threads[GEN_TOGETHER_MAX];
	bool started[GEN_TOGETHER_MAX];

	for (size_t i = 0; i < n; i++) {
		started[i] = i > 0 && !thread_start(&threads[i], activate_first, gens[i]);
		if (!started[i] && i > 0)
			activate_first(gens[i]);
	}
	activate_first(gens[0]);
	for (size_t i = 0; i < n; i++)
		if (started[i])
			pthread_join(threads[i], NULL);
}

int gen_start_all(struct gen *const gens[], size_t n, struct err *err)
{
	int r = 0;

	activate_all(gens, n);
	for (size_t i = 0; i < n && r == 0; i++)
		if (gens[i]->started < 0)
			r = err_set(err, gens[i]->started, "counting map %s: %s", bpf_map__name(gens[i]->outer),
				    object_error_words(gens[i]->started));
	return r;
}

int gen_start(struct gen *g, struct err *err)
{
	return gen_start_all(&g, 1, err);
}

struct batch {
	char *keys, *values;
	uint32_t room;
};

static void batch_free(struct batch *b)
{
	free(b->keys);
	free(b->values);
}

static int batch_alloc(struct batch *b, const struct gen *g, uint32_t room)
{
	batch_free(b);
	b->room = room;
	b->keys = malloc((size_t)room * g->key_size);
	b->values = malloc((size_t)room * g->value_size);
	return b->keys && b->values ? 0 : -ENOMEM;
}

static void hand_on(const struct gen *g, const struct batch *b, uint32_t n, gen_row_fn fn, void *data)
{
	for (size_t i = 0; i < n; i++) {
		struct gen_row row = {.key = b->keys + i * g->key_size, .value = b->values + i * g->value_size};

		memcpy(&row.cpu, b->keys + (i + 1) * g->key_size - sizeof(row.cpu), sizeof(row.cpu));
		fn(data, &row);
	}
}

int gen_swap(struct gen *g)
{
	unsigned other = !g->active;
	int r = g->fd[other] < 0 ? make(g, other) : 0;

	return r < 0 ? r : activate(g, other);
}

static int make_places(struct gen *const gens[], size_t n, unsigned which)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (gens[i]->fd[which] >= 0)
			continue;
		r = make(gens[i], which);
		if (r == 0)
			r = put_at(gens[i], which, which);
	}
	return r;
}

int gen_swap_together(struct gen *const gens[], size_t n, int choice_fd, uint64_t *ret_ns)
{
	uint32_t zero = 0, other = !gens[0]->active;
	int r = make_places(gens, n, other);

	if (r == 0 && bpf_map_update_elem(choice_fd, &zero, &other, BPF_ANY) < 0)
		r = -errno;
	if (r < 0)
		return r;
	*ret_ns = clock_boot_ns();
	for (size_t i = 0; i < n; i++)
		gens[i]->active = other;
	/* An update of an array of maps waits for the programs that run; that of a plain array does not. */
	return put_at(gens[0], other, other);
}

/* A bucket is taken whole: -ENOSPC asks for more room. */
int gen_drain(struct gen *g, gen_row_fn fn, void *data)
{
	_cleanup_(batch_free) struct batch b = {0};
	uint32_t position = 0, n;
	int fd = g->fd[!g->active];
	void *in = NULL;
	int r = batch_alloc(&b, g, MIN(BATCH, g->max_entries));

	while (r == 0) {
		n = b.room;
		r = bpf_map_lookup_and_delete_batch(fd, in, &position, b.keys, b.values, &n, NULL);
		if (r < 0)
			r = -errno;
		if (r == 0 || r == -ENOENT) {
			hand_on(g, &b, n, fn, data);
			in = &position;
		} else if (r == -ENOSPC && b.room < g->max_entries) {
			r = batch_alloc(&b, g, MIN(b.room * 2, g->max_entries));
		}
	}
	return r == -ENOENT ? 0 : r;
}

int gen_collect(struct gen *g, gen_row_fn fn, void *data)
{
	int r = gen_swap(g);

	return r < 0 ? r : gen_drain(g, fn, data);
}

uint64_t gen_memory(const struct gen *g)
{
	return object_map_memory(g->fd[0]) + (g->fd[1] >= 0 ? object_map_memory(g->fd[1]) : 0);
}
