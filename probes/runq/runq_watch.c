/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes are watched. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "parse.h"
#include "runq_run.h"
#include "runq.skel.h"

static int compare_pids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool pids_hold(const struct runq_pids *pids, uint32_t pid)
{
	return pids->len && bsearch(&pid, pids->items, pids->len, sizeof(pid), compare_pids);
}

static void sort_pids(struct runq_pids *pids)
{
	size_t kept = 0;

	if (pids->len)
		qsort(pids->items, pids->len, sizeof(*pids->items), compare_pids);
	for (size_t i = 0; i < pids->len; i++)
		if (!kept || pids->items[i] != pids->items[kept - 1])
			pids->items[kept++] = pids->items[i];
	pids->len = kept;
}

static int parse_pids(struct runq_pids *ret, const struct string_list *texts, struct err *err)
{
	uint64_t pid;
	int r;

	ret->items = calloc(texts->len + 1, sizeof(*ret->items));
	if (!ret->items)
		return err_oom(err);
	for (size_t i = 0; i < texts->len; i++) {
		r = parse_u64(texts->items[i], 1, INT32_MAX, &pid, err);
		if (r < 0)
			return err_prefix(err, r, "probes.runq.pids: process id");
		ret->items[ret->len++] = (uint32_t)pid;
	}
	sort_pids(ret);
	return 0;
}

int runq_check(const void *options, struct err *err)
{
	const struct runq_options *o = options;
	struct runq_pids pids = {0};
	int r = parse_pids(&pids, &o->pids, err);

	free(pids.items);
	return r;
}

/* What is known of threads is of no use once their process is not watched: they may end unseen. */
static int sweep_threads(struct probe_run *run, const struct runq_pids *wanted)
{
	int fd = bpf_map__fd(run->bpf->maps.threads);
	_cleanup_free_ uint32_t *tids = calloc(run->max_threads, sizeof(*tids));
	_cleanup_free_ struct runq_thread *threads = calloc(run->max_threads, sizeof(*threads));
	uint32_t n = run->max_threads, position;

	if (!tids || !threads)
		return -ENOMEM;
	if (bpf_map_lookup_batch(fd, NULL, &position, tids, threads, &n, NULL) < 0 && errno != ENOENT)
		return -errno;
	for (uint32_t i = 0; i < n; i++)
		if (!pids_hold(&run->watched, threads[i].tgid) || !pids_hold(wanted, threads[i].tgid))
			bpf_map_delete_elem(fd, &tids[i]);
	return 0;
}

static struct runq_watched since_now(void)
{
	return (struct runq_watched){.since_ns = clock_monotonic_ns()};
}

static bool pids_same(const struct runq_pids *a, const struct runq_pids *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->items, b->items, a->len * sizeof(*a->items)));
}

static int set_filter(struct probe_run *run, const struct runq_pids *wanted)
{
	struct runq_filter f = {0};
	uint32_t zero = 0;

	for (size_t i = 0; i < wanted->len; i++)
		f.words[RUNQ_FILTER_WORD(wanted->items[i])] |= RUNQ_FILTER_BIT(wanted->items[i]);
	return bpf_map_update_elem(bpf_map__fd(run->bpf->maps.filter), &zero, &f, BPF_ANY) < 0 ? -errno : 0;
}

/* Puts the newcomers into the map, and takes out of the set those that it has no room for. */
static int watch_new(struct probe_run *run, struct runq_pids *wanted, int swept)
{
	const struct runq_watched since = since_now();
	int fd = bpf_map__fd(run->bpf->maps.watched), r = swept;
	size_t kept = 0;

	for (size_t i = 0; i < wanted->len; i++) {
		uint32_t pid = wanted->items[i];
		bool is_in = pids_hold(&run->watched, pid);

		if (!is_in && swept == 0) {
			is_in = bpf_map_update_elem(fd, &pid, &since, BPF_ANY) == 0;
			r = is_in ? r : -errno;
		}
		if (is_in)
			wanted->items[kept++] = pid;
	}
	wanted->len = kept;
	return r;
}

/* Afterwards the set holds what is watched indeed: the next call tries the others again. */
static int change_watched(struct probe_run *run, struct runq_pids *wanted)
{
	int fd = bpf_map__fd(run->bpf->maps.watched), r, filter;

	if (pids_same(&run->watched, wanted) && !run->filter_is_old)
		return 0;
	for (size_t i = 0; i < run->watched.len; i++)
		if (!pids_hold(wanted, run->watched.items[i]))
			bpf_map_delete_elem(fd, &run->watched.items[i]);
	r = watch_new(run, wanted, sweep_threads(run, wanted));
	filter = set_filter(run, wanted);
	run->filter_is_old = filter < 0;
	return r < 0 ? r : filter;
}

int runq_watch(struct probe_run *run, const uint32_t *tgids, size_t n)
{
	struct runq_pids wanted = {calloc(run->always.len + n + 1, sizeof(uint32_t))};
	int r;

	if (!wanted.items)
		return -ENOMEM;
	if (run->always.len)
		memcpy(wanted.items, run->always.items, run->always.len * sizeof(uint32_t));
	if (n)
		memcpy(wanted.items + run->always.len, tgids, n * sizeof(uint32_t));
	wanted.len = run->always.len + n;
	sort_pids(&wanted);
	run->refused = wanted.len > RUNQ_PROCESSES ? wanted.len - RUNQ_PROCESSES : 0;
	wanted.len -= run->refused;
	r = change_watched(run, &wanted);
	free(run->watched.items);
	run->watched = wanted;
	return r;
}

int runq_watch_start(struct probe_run *run, const struct string_list *pids, struct err *err)
{
	int r = parse_pids(&run->always, pids, err);

	if (r < 0)
		return r;
	r = runq_watch(run, NULL, 0);
	return r < 0 ? err_set(err, r, "processes to watch: %s", err_name(r)) : 0;
}

void runq_watch_free(struct probe_run *run)
{
	free(run->always.items);
	free(run->watched.items);
}
