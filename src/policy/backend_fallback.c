/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "backend_fallback.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"

struct fallback_pair {
	struct backend backend; /* the first member */
	struct backend *primary, *fallback;
	bool fallen_back;     /* the fallback has the list */
	uint64_t errors;      /* of the primary, at the last look */
	uint64_t success_ns;  /* of the primary, the last that was counted; boot clock */
	unsigned successes;   /* since it failed last */
	unsigned needed;      /* successes in a row, for the list */
	uint64_t returned_ns; /* when the primary got the list back; boot clock; 0: never */
	backend_done_fn done;
	void *done_data;
	int fallback_r; /* of its withdrawal */
};

/* A primary that fails soon after it got the list back must prove itself longer each time. */
static void demand_more(struct fallback_pair *p, const struct backend_stats *s)
{
	bool soon = p->returned_ns && s->last_error_ns < p->returned_ns + FALLBACK_CALM_NS;

	p->needed = soon ? MIN(p->needed * 2, FALLBACK_SUCCESSES_MAX) : FALLBACK_SUCCESSES;
}

static void fall_back(struct fallback_pair *p, const struct backend_stats *s)
{
	if (!p->fallen_back)
		demand_more(p, s);
	p->fallen_back = true;
	p->success_ns = s->last_success_ns;
	p->successes = 0;
}

static void count_success(struct fallback_pair *p, const struct backend_stats *s)
{
	if (s->last_success_ns < p->success_ns + FALLBACK_SUCCESS_NS)
		return;
	p->success_ns = s->last_success_ns;
	p->successes++;
	if (p->successes < p->needed)
		return;
	p->fallen_back = false;
	p->returned_ns = s->last_success_ns;
}

static void judge_primary(struct fallback_pair *p)
{
	struct backend_stats s;

	p->primary->ops->stats(p->primary, &s);
	/* An error between two looks is none that lasts, but it ends a row of successes. */
	if (!s.working && s.errors)
		fall_back(p, &s);
	else if (p->fallen_back && s.errors != p->errors)
		fall_back(p, &s);
	else if (p->fallen_back)
		count_success(p, &s);
	p->errors = s.errors;
}

/* The back end without the list has an empty one: the primary is still asked, which shows whether it works. */
static int fallback_set(struct backend *b, const struct strategy_list *list)
{
	static const struct strategy_list none;
	struct fallback_pair *p = (struct fallback_pair *)b;
	int r, primary_r;

	judge_primary(p);
	r = p->fallback->ops->set(p->fallback, p->fallen_back ? list : &none);
	primary_r = p->primary->ops->set(p->primary, p->fallen_back ? &none : list);
	return primary_r < 0 ? primary_r : r;
}

static void on_primary_withdrawn(void *data, int r)
{
	struct fallback_pair *p = data;

	p->done(p->done_data, r < 0 ? r : p->fallback_r);
}

static void on_fallback_withdrawn(void *data, int r)
{
	((struct fallback_pair *)data)->fallback_r = r;
}

/* The fallback, this kernel, withdraws at once. */
static void fallback_withdraw(struct backend *b, uint64_t deadline_ns, backend_done_fn done, void *data)
{
	struct fallback_pair *p = (struct fallback_pair *)b;

	p->done = done;
	p->done_data = data;
	p->fallback->ops->withdraw(p->fallback, deadline_ns, on_fallback_withdrawn, p);
	p->primary->ops->withdraw(p->primary, deadline_ns, on_primary_withdrawn, p);
}

static void fallback_stats(const struct backend *b, struct backend_stats *ret)
{
	const struct fallback_pair *p = (const struct fallback_pair *)b;
	const struct backend *now = p->fallen_back ? p->fallback : p->primary;

	now->ops->stats(now, ret);
}

static void fallback_free(struct backend *b)
{
	struct fallback_pair *p = (struct fallback_pair *)b;

	p->primary->ops->free(p->primary);
	p->fallback->ops->free(p->fallback);
	free(p);
}

static const struct backend_ops fallback_ops = {
	.name = "auto",
	.set = fallback_set,
	.withdraw = fallback_withdraw,
	.stats = fallback_stats,
	.free = fallback_free,
};

int fallback_start(struct backend **ret, struct backend *primary, struct backend *fallback)
{
	struct fallback_pair *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	*p = (struct fallback_pair){.backend.ops = &fallback_ops, .primary = primary, .fallback = fallback};
	*ret = &p->backend;
	return 0;
}
