/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "backend_fallback.h"

#include <errno.h>
#include <stdlib.h>

struct auto_backend {
	struct backend backend; /* the first member */
	struct backend *first, *second;
	backend_done_fn done;
	void *done_data;
	int second_r; /* of its withdrawal */
};

/* The first always has the list: it is how it is asked whether it works. While it does not, it boosts
 * nobody. */
static bool second_has_it(const struct auto_backend *a)
{
	struct backend_stats s;

	a->first->ops->stats(a->first, &s);
	return !s.working && s.errors;
}

static int auto_set(struct backend *b, const struct strategy_list *list)
{
	static const struct strategy_list none;
	struct auto_backend *a = (struct auto_backend *)b;
	int r = a->second->ops->set(a->second, second_has_it(a) ? list : &none);
	int first = a->first->ops->set(a->first, list);

	return first < 0 ? first : r;
}

static void on_first_withdrawn(void *data, int r)
{
	struct auto_backend *a = data;

	a->done(a->done_data, r < 0 ? r : a->second_r);
}

static void on_second_withdrawn(void *data, int r)
{
	((struct auto_backend *)data)->second_r = r;
}

/* The second, this kernel, does it at once. */
static void auto_withdraw(struct backend *b, uint64_t deadline_ns, backend_done_fn done, void *data)
{
	struct auto_backend *a = (struct auto_backend *)b;

	a->done = done;
	a->done_data = data;
	a->second->ops->withdraw(a->second, deadline_ns, on_second_withdrawn, a);
	a->first->ops->withdraw(a->first, deadline_ns, on_first_withdrawn, a);
}

static void auto_stats(const struct backend *b, struct backend_stats *ret)
{
	const struct auto_backend *a = (const struct auto_backend *)b;
	const struct backend *now = second_has_it(a) ? a->second : a->first;

	now->ops->stats(now, ret);
}

static void auto_free(struct backend *b)
{
	struct auto_backend *a = (struct auto_backend *)b;

	a->first->ops->free(a->first);
	a->second->ops->free(a->second);
	free(a);
}

static const struct backend_ops auto_ops = {
	.name = "auto",
	.set = auto_set,
	.withdraw = auto_withdraw,
	.stats = auto_stats,
	.free = auto_free,
};

int auto_start(struct backend **ret, struct backend *first, struct backend *second)
{
	struct auto_backend *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	*a = (struct auto_backend){.backend.ops = &auto_ops, .first = first, .second = second};
	*ret = &a->backend;
	return 0;
}
