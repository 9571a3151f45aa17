/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "gtpu_evidence.h"
#include "gtpu_run.h"
#include "ledger_writer.h"
#include "percpu.h"

/* Of the programs that are attached now; 0 when none is. */
static bool missed_now(const struct probe_run *run, uint16_t func_id, enum attach_side side, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; run->attach && i < run->n; i++)
		if (run->hooks[i].func_id == func_id && run->choices[i].method != PLAN_SKIP)
			return attach_missed(run->attach, i, side, ret) == 0;
	return true;
}

/* Calls that the hook's programs were not run for, and with them all calls. */
static void missed_rows(const struct probe_run *run, const struct gtpu_told *t, enum attach_side side, uint64_t seen,
			const struct ledger_writer *w)
{
	struct ledger_row r = {.where = w->where, .name = "missed"};

	r.unknown = !missed_now(run, t->hook.func_id, side, &r.value) || t->unknown[side];
	r.value += t->missed[side];
	w->fn(w->data, &r);
	r.name = "calls";
	r.value += seen;
	w->fn(w->data, &r);
}

static void hook_rows(struct probe_run *run, const struct gtpu_told *t, const struct gtpu_hook_ledger *l,
		      struct ledger_writer *w)
{
	const struct gtpu_hook *h = &t->hook;
	bool paired = run->options.exit && h->hook.exits;
	uint64_t closed = l->paired + l->no_exit + l->foreign + l->untracked;

	w->where = h->hook.function;
	missed_rows(run, t, ATTACH_ENTRY, l->entries, w);
	ledger_write(w, "seen", NULL, l->entries);
	ledger_write(w, "counted", NULL, paired ? l->paired : l->entries - l->foreign);
	if (paired) {
		ledger_write(w, "skipped", "no_exit", l->no_exit);
		ledger_write(w, "pending", NULL, l->entries > closed ? l->entries - closed : 0);
	}
	if (!h->packet)
		ledger_write(w, "skipped", "other_packet", l->foreign);
	else
		ledger_write(w, "skipped", "too_many_under_way", l->untracked);
	ledger_write(w, "unread", "headers_not_linear", l->unread);
	ledger_write(w, "uncounted", "count_table_full", l->uncounted);
	ledger_write(w, "uncounted", "session_table_full", l->sessions_full);
	ledger_write(w, "uncounted", "context_table_full", l->contexts_full);
}

static void return_rows(struct probe_run *run, const struct gtpu_told *t, const struct gtpu_hook_ledger *l,
			struct ledger_writer *w)
{
	char where[64];

	snprintf(where, sizeof(where), "%s return", t->hook.hook.function);
	w->where = where;
	missed_rows(run, t, ATTACH_EXIT, l->exits, w);
	ledger_write(w, "seen", NULL, l->exits);
	ledger_write(w, "counted", NULL, l->paired);
	ledger_write(w, "skipped", "no_entry", l->no_entry);
}

/* Where the places of the rules are a guess. */
static void rules_rows(const struct probe_run *run, struct ledger_writer *w)
{
	const struct gtpu_check *c = &run->check;

	if (!c->wanted)
		return;
	w->where = "rules";
	ledger_write(w, "compared", NULL, c->compared);
	for (unsigned m = 0; m < GTPU_MEMBERS; m++)
		if (c->members >> m & 1 && !(c->confirmed >> m & 1))
			ledger_write(w, c->refuted >> m & 1 ? "refuted" : "unconfirmed", gtpu_member_key(m), 1);
}

void gtpu_ledger_rows(struct probe_run *run, ledger_fn fn, void *data)
{
	struct ledger_writer w = {.fn = fn, .data = data};

	for (size_t i = 0; i < run->n_told; i++) {
		const struct gtpu_told *t = &run->told[i];
		uint32_t key = t->hook.func_id;
		struct gtpu_hook_ledger l;

		if (percpu_sum(gtpu_map(run, "gtpu_ledger"), &key, (uint64_t *)&l, sizeof(l) / sizeof(uint64_t)))
			continue;
		hook_rows(run, t, &l, &w);
		if (run->options.exit && t->hook.hook.exits)
			return_rows(run, t, &l, &w);
	}
	rules_rows(run, &w);
	ledger_write_ring(&w, run->ring, false, "undecoded", run->bad_records);
}
