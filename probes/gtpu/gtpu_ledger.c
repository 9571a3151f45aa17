/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "gtpu_probe.h"

static void row(ledger_fn fn, void *data, const char *where, const char *name, const char *reason,
		uint64_t value)
{
	fn(data, &(struct ledger_row){.where = where, .name = name, .reason = reason,
				      .value = value});
}

/* Of the programs that are attached now; 0 when none is. */
static bool missed_now(const struct probe_run *run, uint16_t func_id, enum attach_side side,
		       uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; run->attach && i < run->n; i++)
		if (run->hooks[i].func_id == func_id && run->choices[i].method != PLAN_SKIP)
			return attach_missed(run->attach, i, side, ret) == 0;
	return true;
}

/* Calls that the hook's programs were not run for, and with them all calls. */
static void missed_rows(const struct probe_run *run, const struct gtpu_told *t,
			enum attach_side side, const char *where, uint64_t seen, ledger_fn fn,
			void *data)
{
	struct ledger_row r = {.where = where, .name = "missed"};

	r.unknown = !missed_now(run, t->hook.func_id, side, &r.value) || t->unknown[side];
	r.value += t->missed[side];
	fn(data, &r);
	r.name = "calls";
	r.value += seen;
	fn(data, &r);
}

static void hook_rows(struct probe_run *run, const struct gtpu_told *t,
		      const struct gtpu_hook_ledger *l, ledger_fn fn, void *data)
{
	const struct gtpu_hook *h = &t->hook;
	const char *where = h->hook.function;
	bool paired = run->options.exit && h->hook.exits;
	uint64_t closed = l->paired + l->no_exit + l->foreign + l->untracked;
	uint64_t open;

	open = l->entries > closed ? l->entries - closed : 0;
	missed_rows(run, t, ATTACH_ENTRY, where, l->entries, fn, data);
	row(fn, data, where, "seen", NULL, l->entries);
	row(fn, data, where, "counted", NULL, paired ? l->paired : l->entries - l->foreign);
	if (paired) {
		row(fn, data, where, "skipped", "no_exit", l->no_exit);
		row(fn, data, where, "pending", NULL, open);
	}
	if (!h->packet)
		row(fn, data, where, "skipped", "other_packet", l->foreign);
	else
		row(fn, data, where, "skipped", "too_many_under_way", l->untracked);
	row(fn, data, where, "unread", "headers_not_linear", l->unread);
	row(fn, data, where, "uncounted", "count_table_full", l->uncounted);
	row(fn, data, where, "uncounted", "session_table_full", l->sessions_full);
	row(fn, data, where, "uncounted", "context_table_full", l->contexts_full);
}

static void return_rows(struct probe_run *run, const struct gtpu_told *t,
			const struct gtpu_hook_ledger *l, ledger_fn fn, void *data)
{
	char where[64];

	snprintf(where, sizeof(where), "%s return", t->hook.hook.function);
	missed_rows(run, t, ATTACH_EXIT, where, l->exits, fn, data);
	row(fn, data, where, "seen", NULL, l->exits);
	row(fn, data, where, "counted", NULL, l->paired);
	row(fn, data, where, "skipped", "no_entry", l->no_entry);
}

static void ring_rows(struct probe_run *run, ledger_fn fn, void *data)
{
	struct ring_counts c;

	if (ring_counts(run->ring, &c))
		return;
	row(fn, data, "ring", "emitted", NULL, c.emitted);
	row(fn, data, "ring", "delivered", NULL, c.delivered);
	row(fn, data, "ring", "pending", NULL, c.pending);
	for (int i = 0; i < RING_LOST_MAX; i++)
		row(fn, data, "ring", "lost", ring_lost_name((enum ring_lost)i), c.lost[i]);
	row(fn, data, "ring", "undecoded", NULL, run->bad_records);
}

void gtpu_ledger_rows(struct probe_run *run, ledger_fn fn, void *data)
{
	for (size_t i = 0; i < run->n_told; i++) {
		const struct gtpu_told *t = &run->told[i];
		uint32_t key = t->hook.func_id;
		struct gtpu_hook_ledger l;

		if (gtpu_percpu_sum(gtpu_map(run, "gtpu_ledger"), &key, (uint64_t *)&l,
				    sizeof(l) / sizeof(uint64_t)))
			continue;
		hook_rows(run, t, &l, fn, data);
		if (run->options.exit && t->hook.hook.exits)
			return_rows(run, t, &l, fn, data);
	}
	ring_rows(run, fn, data);
}
