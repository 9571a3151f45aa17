/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "strategy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void strategy_list_free(struct strategy_list *list)
{
	free(list->items);
	*list = (struct strategy_list){0};
}

void strategy_list_clear(struct strategy_list *list)
{
	struct strategy *items = list->items;
	size_t cap = list->cap;

	*list = (struct strategy_list){.items = items, .cap = cap};
}

static bool has(const struct strategy_list *list, int32_t pid)
{
	for (size_t i = 0; i < list->len; i++)
		if (list->items[i].pid == pid)
			return true;
	return false;
}

static int reserve(struct strategy_list *list, size_t cap)
{
	struct strategy *items;

	if (cap <= list->cap)
		return 0;
	items = realloc(list->items, cap * sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	list->cap = cap;
	return 0;
}

int strategy_list_put(struct strategy_list *list, struct strategy entry)
{
	if (list->len >= STRATEGY_MAX)
		return -E2BIG;
	if (list->len == list->cap && reserve(list, list->cap ? list->cap * 2 : 32) < 0)
		return -ENOMEM;
	list->items[list->len++] = entry;
	return 0;
}

int strategy_list_add(struct strategy_list *list, struct strategy entry)
{
	if (entry.pid <= 0 || entry.execution_time_ns == 0 || entry.execution_time_ns > STRATEGY_TIME_MAX_NS) {
		list->refused_invalid++;
		return -EINVAL;
	}
	/* Lists have tens of entries, rarely hundreds: a scan is cheaper than an index. */
	if (has(list, entry.pid)) {
		list->refused_duplicate++;
		return -EEXIST;
	}
	if (list->len >= STRATEGY_MAX) {
		list->refused_full++;
		return -ENOSPC;
	}
	return strategy_list_put(list, entry);
}

int strategy_list_copy(struct strategy_list *to, const struct strategy_list *from)
{
	struct strategy *items;
	size_t cap;

	if (reserve(to, from->len) < 0)
		return -ENOMEM;
	items = to->items;
	cap = to->cap;
	if (from->len)
		memcpy(items, from->items, from->len * sizeof(*items));
	*to = *from;
	to->items = items;
	to->cap = cap;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct strategy *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static bool same_entry(const struct strategy *a, const struct strategy *b)
{
	return a->pid == b->pid && a->priority == b->priority && a->execution_time_ns == b->execution_time_ns;
}

bool strategy_list_same(const struct strategy_list *a, const struct strategy_list *b)
{
	struct strategy *x, *y;
	bool same = a->len == b->len;

	if (!same || a->len == 0)
		return same;
	x = malloc(a->len * sizeof(*x));
	y = malloc(a->len * sizeof(*y));
	if (x && y) {
		memcpy(x, a->items, a->len * sizeof(*x));
		memcpy(y, b->items, b->len * sizeof(*y));
		qsort(x, a->len, sizeof(*x), by_pid);
		qsort(y, b->len, sizeof(*y), by_pid);
	}
	/* Without memory they count as different: the cost is one more POST. */
	same = x && y;
	for (size_t i = 0; same && i < a->len; i++)
		same = same_entry(&x[i], &y[i]);
	free(x);
	free(y);
	return same;
}
