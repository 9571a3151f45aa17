/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a boost leaves behind on record: put back, and listed. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cleanup.h"
#include "local_boost.h"
#include "local_record.h"
#include "local_report.h"

static void put_back_all(const struct local_machine *m, struct boosts *b, struct local_report *report)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->len; i++) {
		int state = boost_put_back(m, &b->items[i].b);

		if (state < 0)
			b->items[kept++] = b->items[i];
		report_end(report, &b->items[i].b, state);
	}
	b->len = kept;
}

int local_recover(const char *dir, const struct local_ops *ops, struct local_report *ret, struct err *err)
{
	_cleanup_(boosts_free) struct boosts boosts = {0};
	struct local_machine m = {.ops = *ops};
	struct local_report report = {0};
	int r = record_read(dir, &boosts, err);

	record_drop_unfinished(dir);
	record_drop_dead(dir);
	if (r < 0)
		return r;
	report.other_boot = boosts.other_boot;
	m.own_slice_ns = boosts.own_slice_ns;
	put_back_all(&m, &boosts, &report);
	*ret = report;
	r = record_write(dir, &boosts, err);
	if (r == 0 && report.failed)
		r = err_set(err, -EPERM, "threads keep their boosts: %s", report.error);
	return r;
}

int local_put_back(const char *dir, const struct local_ops *ops, struct local_report *ret, struct err *err)
{
	int lock, r;

	*ret = (struct local_report){0};
	if (access(dir, F_OK) < 0 && errno == ENOENT)
		return 0;
	lock = record_lock(dir, err);
	if (lock < 0)
		return lock;
	r = local_recover(dir, ops, ret, err);
	record_unlock(dir, lock);
	return r;
}

bool local_in_use(const char *dir)
{
	return record_locked(dir);
}

int local_list(const char *dir, const struct local_ops *ops,
	       void (*visit)(void *data, const struct local_boost *b, enum local_state state), void *data,
	       struct err *err)
{
	_cleanup_(boosts_free) struct boosts boosts = {0};
	struct local_machine m = {.ops = *ops};
	int r = record_read(dir, &boosts, err);

	m.own_slice_ns = boosts.own_slice_ns;
	for (size_t i = 0; i < boosts.len && r == 0; i++) {
		int state = boost_state(&m, &boosts.items[i].b);

		if (state < 0)
			return err_set(err, state, "thread %d: %s", boosts.items[i].b.tid, err_name(state));
		visit(data, &boosts.items[i].b, (enum local_state)state);
	}
	return r;
}
