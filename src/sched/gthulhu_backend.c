/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gthulhu_backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct gthulhu_holder {
	struct backend backend; /* first */
	struct gthulhu *g;
};

static struct gthulhu *held(const struct backend *b)
{
	return ((const struct gthulhu_holder *)b)->g;
}

static int set(struct backend *b, const struct strategy_list *list)
{
	return gthulhu_set(held(b), list);
}

static void withdraw(struct backend *b, uint64_t deadline_ns, backend_done_fn done, void *data)
{
	gthulhu_withdraw(held(b), deadline_ns, done, data);
}

static void stats(const struct backend *b, struct backend_stats *ret)
{
	struct gthulhu_stats s;

	gthulhu_get_stats(held(b), &s);
	*ret = (struct backend_stats){
		.working = s.reachable,
		.entries = s.entries,
		.applied = s.posts,
		.errors = s.errors,
		.last_success_ns = s.last_success_ns,
		.last_error_ns = s.last_error_ns,
	};
	memcpy(ret->last_error, s.last_error, sizeof(ret->last_error));
}

static void release(struct backend *b)
{
	gthulhu_free(held(b));
	free(b);
}

static const struct backend_ops ops = {
	.name = "gthulhu", .set = set, .withdraw = withdraw, .stats = stats, .free = release};

int gthulhu_backend_new(struct backend **ret, struct gthulhu *g)
{
	struct gthulhu_holder *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	*h = (struct gthulhu_holder){.backend.ops = &ops, .g = g};
	*ret = &h->backend;
	return 0;
}
