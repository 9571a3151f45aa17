/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gen.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "object.h"
#include "object_reason.h"

#define BATCH 512U

struct gen {
	struct bpf_map *outer; /* the object's */
	int fd[2];
	unsigned active;
	uint32_t max_entries;
	size_t key_size, stride;
	enum bpf_map_type type;
	uint32_t value_size;
	unsigned cpus;
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

/* All of its memory at once: at a start that takes longer than everything else. */
static int make(struct gen *g, int which)
{
	g->fd[which] = bpf_map_create(g->type, bpf_map__name(g->outer), (uint32_t)g->key_size, g->value_size,
				      g->max_entries, NULL);
	return g->fd[which] < 0 ? -errno : 0;
}

int gen_prepare(struct gen **ret, struct bpf_map *outer, uint32_t max_entries, struct err *err)
{
	struct bpf_map *inner = bpf_map__inner_map(outer);
	_cleanup_(cleanup_gen) struct gen *g = calloc(1, sizeof(*g));
	int cpus = libbpf_num_possible_cpus(), r;

	if (cpus < 0)
		return err_set(err, cpus, "counting map %s: the number of CPUs: %s", bpf_map__name(outer),
			       object_error_words(cpus));
	if (!g || !inner)
		return err_set(err, -ENOMEM, "counting map %s: cannot be set up", bpf_map__name(outer));
	g->fd[0] = g->fd[1] = -1;
	g->outer = outer;
	g->max_entries = max_entries;
	g->key_size = bpf_map__key_size(inner);
	g->stride = (bpf_map__value_size(inner) + 7UL) / 8 * 8;
	g->cpus = (unsigned)cpus;
	g->type = bpf_map__type(inner);
	g->value_size = bpf_map__value_size(inner);
	r = make(g, 0);
	if (r == -EPERM)
		return object_not_permitted("counting maps", err);
	if (r < 0)
		return err_set(err, r, "counting map %s with %u entries on %d CPUs: %s", bpf_map__name(outer),
			       max_entries, cpus, object_error_words(r));
	r = bpf_map__set_inner_map_fd(outer, g->fd[0]);
	if (r < 0)
		return err_set(err, r, "counting map %s: %s", bpf_map__name(outer), object_error_words(r));
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

int gen_start(struct gen *g, struct err *err)
{
	int r = activate(g, 0);

	return r < 0 ? err_set(err, r, "counting map %s: %s", bpf_map__name(g->outer), object_error_words(r)) : 0;
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
	b->keys = malloc(room * g->key_size);
	b->values = malloc((size_t)room * g->cpus * g->stride);
	return b->keys && b->values ? 0 : -ENOMEM;
}

static void hand_on(const struct gen *g, const struct batch *b, uint32_t n, gen_row_fn fn, void *data)
{
	for (uint32_t i = 0; i < n; i++)
		fn(data, &(struct gen_row){
				 .key = b->keys + i * g->key_size,
				 .values = b->values + (size_t)i * g->cpus * g->stride,
				 .stride = g->stride,
				 .cpus = g->cpus,
			 });
}

int gen_swap(struct gen *g)
{
	int other = !g->active, r = g->fd[other] < 0 ? make(g, other) : 0;

	return r < 0 ? r : activate(g, (unsigned)other);
}

static int make_places(struct gen *const gens[], size_t n, unsigned which)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (gens[i]->fd[which] >= 0)
			continue;
		r = make(gens[i], (int)which);
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
