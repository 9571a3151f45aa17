/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "local_boost.h"
#include "local_record.h"
#include "local_report.h"

#define SYSCTL "/proc/sys/kernel/"

struct local {
	struct backend backend; /* first */
	struct local_options options;
	struct local_machine machine;
	char *dir;
	int lock;
	struct boosts boosts;
	struct local_report last;
	struct backend_stats stats;
	local_changed_fn changed;
	void *changed_data;
};

static struct boost *find_boost(const struct local *l, int32_t tid, uint64_t start_time)
{
	for (size_t i = 0; i < l->boosts.len; i++) {
		struct boost *boost = &l->boosts.items[i];

		if (boost->b.tid == tid && (!start_time || boost->b.start_time == start_time))
			return boost;
	}
	return NULL;
}

/* One that is to get something else is given back first: a record that is read after a kill in
 * between then tells the truth. */
static void mark_wanted(struct local *l, const struct strategy_list *list)
{
	for (size_t i = 0; i < l->boosts.len; i++)
		l->boosts.items[i].wanted = false;
	for (size_t i = 0; i < list->len; i++) {
		const struct strategy *s = &list->items[i];
		struct boost *boost = find_boost(l, s->pid, s->start_time);
		struct thread_sched target;

		if (boost)
			boost->wanted = boost->foreign ||
					(boost_target(&l->options, l->machine.slices, s, &boost->b.before, &target) &&
					 thread_sched_same(&target, &boost->b.ours));
	}
}

/* Whether the boost stays on the list. */
static bool keep_boost(struct local *l, struct boost *boost, struct local_report *report)
{
	int state;

	if (!boost->wanted && boost->foreign)
		return false;
	if (!boost->wanted) {
		state = boost_put_back(&l->machine, &boost->b);
		report_end(report, &boost->b, state);
		return state < 0;
	}
	state = boost_state(&l->machine, &boost->b);
	if (state == LOCAL_ENDED) {
		report->ended++;
		return false;
	}
	boost->foreign |= state == LOCAL_CHANGED || state == LOCAL_NOT_YET;
	if (boost->foreign)
		report_foreign(report, boost->b.tid);
	return true;
}

/* Whether anything on record has changed. */
static bool review_boosts(struct local *l, struct local_report *report)
{
	size_t kept = 0, len = l->boosts.len;
	bool changed = false;

	for (size_t i = 0; i < len; i++) {
		struct boost boost = l->boosts.items[i];
		bool stays = keep_boost(l, &boost, report);

		changed |= !stays || boost.foreign != l->boosts.items[i].foreign;
		if (stays)
			l->boosts.items[kept++] = boost;
	}
	l->boosts.len = kept;
	return changed;
}

static int prepare_boost(struct local *l, const struct strategy *s, struct local_report *report)
{
	struct boost boost = {.b = {.tid = s->pid, .tgid = s->tgid}, .wanted = true, .fresh = true};
	const struct local_ops *ops = &l->machine.ops;
	struct local_boost *b = &boost.b;
	const struct boost *leader;
	int r = ops->start_time(ops->data, s->pid, &b->start_time);

	if (r == -ESRCH || (r == 0 && s->start_time && s->start_time != b->start_time))
		return 0;
	if (r == 0)
		r = machine_get(&l->machine, s->pid, &b->before);
	if (r < 0) {
		if (r != -ESRCH)
			report_failure(report, s->pid, "asking how it is scheduled", r);
		return 0;
	}
	leader = s->tgid && s->tgid != s->pid ? find_boost(l, s->tgid, 0) : NULL;
	if (leader && !leader->fresh)
		b->before = boost_inherited(&leader->b, b->start_time, &b->before);
	if (!boost_target(&l->options, l->machine.slices, s, &b->before, &b->ours)) {
		report->enough++;
		return 0;
	}
	b->since_ns = ops->now_ns(ops->data);
	return boosts_add(&l->boosts, &boost);
}

static int add_new(struct local *l, const struct strategy_list *list, struct local_report *report)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct strategy *s = &list->items[i];
		int r;

		if (find_boost(l, s->pid, s->start_time))
			continue;
		if (l->boosts.len >= l->options.max_threads) {
			report->left_out++;
			continue;
		}
		r = prepare_boost(l, s, report);
		if (r < 0)
			return r;
	}
	return 0;
}

static void drop_fresh(struct local *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->boosts.len; i++)
		if (!l->boosts.items[i].fresh)
			l->boosts.items[kept++] = l->boosts.items[i];
	l->boosts.len = kept;
}

/* The thread may have ended between the look at its start time and the boost, and its number may be another
 * thread's by then: that one gets back what it had. */
static int boost_one(const struct local_machine *m, const struct local_boost *b)
{
	struct thread_sched now;
	uint64_t start;
	int r = machine_get(m, b->tid, &now);

	if (r == 0)
		r = m->ops.set(m->ops.data, b->tid, &b->ours);
	if (r == 0)
		r = m->ops.start_time(m->ops.data, b->tid, &start);
	if (r < 0 || start == b->start_time)
		return r;
	r = m->ops.set(m->ops.data, b->tid, &now);
	return r < 0 ? r : -ESRCH;
}

/* Whether all could be boosted. */
static bool boost_fresh(struct local *l, struct local_report *report)
{
	bool all = true;

	for (size_t i = 0; i < l->boosts.len; i++) {
		struct boost *boost = &l->boosts.items[i];
		int r;

		if (!boost->fresh)
			continue;
		r = boost_one(&l->machine, &boost->b);
		boost->fresh = r < 0;
		all &= r == 0;
		if (r == 0)
			report->boosted++;
		else if (r != -ESRCH)
			report_failure(report, boost->b.tid, "boosting", r);
	}
	drop_fresh(l);
	return all;
}

static bool has_fresh(const struct local *l)
{
	for (size_t i = 0; i < l->boosts.len; i++)
		if (l->boosts.items[i].fresh)
			return true;
	return false;
}

/* The record is written before a boost and after an end, so that at every moment each thread that is
 * boosted is on it. */
static int apply_list(struct local *l, const struct strategy_list *list, struct local_report *report, struct err *err)
{
	bool changed;
	int r;

	mark_wanted(l, list);
	changed = review_boosts(l, report);
	r = add_new(l, list, report);
	if (r == 0 && has_fresh(l)) {
		r = record_write(l->dir, &l->boosts, err);
		changed = r == 0 && !boost_fresh(l, report);
	}
	drop_fresh(l);
	if (r == 0 && changed)
		r = record_write(l->dir, &l->boosts, err);
	return r;
}

static size_t in_force(const struct local *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->boosts.len; i++)
		n += !l->boosts.items[i].foreign;
	return n;
}

static void record_result(struct local *l, struct local_report *report, int r, const struct err *err)
{
	struct backend_stats *s = &l->stats;
	uint64_t now = l->machine.ops.now_ns(l->machine.ops.data);

	if (r < 0) {
		report->failed++;
		snprintf(report->error, sizeof(report->error), "%.*s", (int)sizeof(report->error) - 1,
			 err->text[0] ? err->text : err_name(r));
	}
	s->working = !report->failed && !report->ext;
	s->entries = in_force(l);
	s->errors += report->failed;
	if (report->failed) {
		s->last_error_ns = now;
		snprintf(s->last_error, sizeof(s->last_error), "%s", report->error);
	} else {
		s->applied++;
		s->last_success_ns = now;
	}
	if (l->changed && report_is_news(report, &l->last))
		l->changed(l->changed_data, report, &l->last);
	l->last = *report;
}

static int local_set(struct backend *b, const struct strategy_list *list)
{
	static const struct strategy_list none;
	struct local *l = (struct local *)b;
	struct local_report report = {0};
	struct err err = {0};
	int r;

	report.ext = !l->options.force && l->machine.ops.ext_runs(l->machine.ops.data);
	r = apply_list(l, report.ext ? &none : list, &report, &err);
	record_result(l, &report, r, &err);
	return r == -ENOMEM ? r : 0;
}

static void local_withdraw(struct backend *b, uint64_t deadline_ns, backend_done_fn done, void *data)
{
	static const struct strategy_list none;
	struct local *l = (struct local *)b;
	struct local_report report = {0};
	struct err err = {0};
	int r = apply_list(l, &none, &report, &err);

	record_result(l, &report, r, &err);
	done(data, r < 0 ? r : report.failed ? -EPERM : 0);
}

static void local_get_stats(const struct backend *b, struct backend_stats *ret)
{
	*ret = ((const struct local *)b)->stats;
}

static void local_free(struct backend *b)
{
	struct local *l = (struct local *)b;

	boosts_free(&l->boosts);
	if (l->lock >= 0)
		record_unlock(l->dir, l->lock);
	free(l->dir);
	free(l);
}

static const struct backend_ops backend_ops = {
	.name = "local",
	.set = local_set,
	.withdraw = local_withdraw,
	.stats = local_get_stats,
	.free = local_free,
};

static int open_folder(struct local *l, const char *dir, struct local_report *ret_recovered, struct err *err)
{
	l->dir = strdup(dir);
	if (!l->dir)
		return err_oom(err);
	l->lock = record_lock(dir, err);
	return l->lock < 0 ? l->lock : local_recover(dir, &l->machine.ops, ret_recovered, err);
}

int local_start(struct backend **ret, const struct local_setup *setup, struct local_report *ret_recovered,
		struct err *err)
{
	struct local *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_oom(err);
	*l = (struct local){.backend.ops = &backend_ops,
			    .options = *setup->options,
			    .machine.ops = *setup->ops,
			    .lock = -1,
			    .changed = setup->changed,
			    .changed_data = setup->data};
	r = open_folder(l, setup->dir, ret_recovered, err);
	if (r < 0) {
		local_free(&l->backend);
		return r;
	}
	l->machine.slices = local_probe_slice(&l->machine.ops, &l->machine.own_slice_ns);
	l->boosts.own_slice_ns = l->machine.own_slice_ns;
	*ret = &l->backend;
	return 0;
}

static bool begins_with(const char *path, char c)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	return f && fgetc(f) == c;
}

const char *local_caveat(const struct local_options *options)
{
	if (options->policy == LOCAL_NICE && begins_with(SYSCTL "sched_autogroup_enabled", '1'))
		return "kernel.sched_autogroup_enabled is 1: outside of CPU cgroups a nice level "
		       "counts within its session alone; local.policy rr goes before all, or set it "
		       "to 0";
	if (options->policy == LOCAL_RR && begins_with(SYSCTL "sched_rt_runtime_us", '-'))
		return "kernel.sched_rt_runtime_us is -1: a boosted thread that never waits keeps its "
		       "CPU from all others; set it to 950000";
	return NULL;
}
