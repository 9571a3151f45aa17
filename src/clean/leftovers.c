/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "leftovers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "gthulhu_left.h"
#include "local.h"
#include "netns_hidden.h"
#include "plural.h"
#include "release.h"
#include "run_mark.h"
#include "vec.h"

void leftovers_free(struct leftovers *l)
{
	free(l->items);
	*l = (struct leftovers){0};
}

void leftovers_add(struct leftovers *l, bool in_use, const char *kind, const char *format, ...)
{
	va_list args;

	if (!VEC_ROOM(l->items, l->len)) {
		l->failed = true;
		return;
	}
	l->items[l->len] = (struct leftover){.kind = kind, .in_use = in_use};
	va_start(args, format);
	vsnprintf(l->items[l->len++].what, sizeof(l->items->what), format, args);
	va_end(args);
}

struct boosts_look {
	struct leftovers *l;
	bool in_use;
};

static void add_boost(void *data, const struct local_boost *b, enum local_state state)
{
	char ours[THREAD_SCHED_TEXT_MAX], before[THREAD_SCHED_TEXT_MAX];
	struct boosts_look *look = data;

	if (state == LOCAL_BOOSTED)
		leftovers_add(look->l, look->in_use, "boost", "thread %d of %d: %s, had %s", b->tid, b->tgid,
			      thread_sched_text(&b->ours, ours), thread_sched_text(&b->before, before));
}

static void add_foreign(void *data, const char *path)
{
	leftovers_add(data, false, "record",
		      "%s: of another PID namespace; run teide clean there, or where all processes are seen", path);
}

static int find_boosts(struct leftovers *l, struct err *err)
{
	struct boosts_look look = {.l = l, .in_use = local_in_use(LOCAL_DIR)};
	int r = local_list(LOCAL_DIR, &local_kernel_ops, add_boost, &look, err);

	if (r == 0)
		r = local_foreign(LOCAL_DIR, add_foreign, l);
	if (!access(LOCAL_DIR, F_OK))
		leftovers_add(l, look.in_use, "file", LOCAL_DIR);
	return r;
}

static void add_strategies(void *data, const struct gthulhu_left *left)
{
	leftovers_add(data, left->in_use, "strategy", "%zu thread%s at %s, by %s", left->threads, plural(left->threads),
		      left->url, left->path);
}

static int find_strategies(struct leftovers *l, struct err *err)
{
	int r = gthulhu_left_list(GTHULHU_DIR, add_strategies, l);

	return r < 0 ? err_set(err, r, GTHULHU_DIR ": %s%s", err_name(r), err_root_hint(r)) : 0;
}

static void add_file(void *data, const char *path, bool in_use)
{
	leftovers_add(data, in_use, "file", "%s", path);
}

/* A mark is there only as long as its process is. */
static void add_probe(void *data, uint32_t id, const char *probe)
{
	leftovers_add(data, true, "probe", "%s, BPF map %" PRIu32, probe, id);
}

static int find_files(struct leftovers *l, struct err *err)
{
	int r = release_list(add_file, l);

	return r < 0 ? err_set(err, r, "/run/teide: %s%s", err_name(r), err_root_hint(r)) : 0;
}

int leftovers_find(struct leftovers *ret, struct err *err)
{
	int r = find_boosts(ret, err);

	if (r >= 0)
		r = find_strategies(ret, err);
	if (r >= 0)
		r = leftovers_filters(ret, false, err);
	if (r >= 0)
		r = find_files(ret, err);
	if (r >= 0)
		ret->why_no_probes = run_mark_list(add_probe, ret);
	if (r >= 0)
		r = netns_hidden("", &ret->hidden, err);
	if (r >= 0 && ret->failed)
		r = err_oom(err);
	return r;
}

int leftovers_remove(struct err *err)
{
	struct local_report report;
	int r = local_put_back(LOCAL_DIR, &local_kernel_ops, &report, err), filters, strategies;
	size_t threads;

	r = r == -EBUSY ? 0 : r;
	strategies = gthulhu_left_withdraw(GTHULHU_DIR, &threads, r < 0 ? NULL : err);
	r = r < 0 ? r : strategies;
	filters = leftovers_filters(NULL, true, r < 0 ? NULL : err);
	release_sweep();
	return r < 0 ? r : filters;
}
