/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "gthulhu_core.h"

static struct gthulhu *of(struct backend *b)
{
	return (struct gthulhu *)b;
}

static int set(struct backend *b, const struct strategy_list *list)
{
	return gthulhu_set(of(b), list);
}

static void withdraw(struct backend *b, uint64_t deadline_ns, backend_done_fn done, void *data)
{
	gthulhu_withdraw(of(b), deadline_ns, done, data);
}

static void stats(const struct backend *b, struct backend_stats *ret)
{
	const struct gthulhu_stats *s = &((const struct gthulhu *)b)->stats;

	*ret = (struct backend_stats){
		.working = s->reachable && !s->foreign,
		.entries = s->entries,
		.applied = s->posts,
		.errors = s->errors,
		.last_success_ns = s->last_success_ns,
		.last_error_ns = s->last_error_ns,
	};
	snprintf(ret->last_error, sizeof(ret->last_error), "%s", s->last_error);
}

static void end(struct backend *b)
{
	gthulhu_free(of(b));
}

const struct backend_ops gthulhu_ops = {
	.name = "gthulhu",
	.set = set,
	.withdraw = withdraw,
	.stats = stats,
	.free = end,
};

struct backend *gthulhu_backend(struct gthulhu *g)
{
	return &g->backend;
}
