/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "gtpu_probe.h"
#include "percpu.h"

#define STRAYS 1024   /* rows of packets that no rule took */
#define CONTEXTS 4096 /* of tasks, functions and contexts */

int gtpu_tables_prepare(struct gtpu_tables *t, struct bpf_object *object,
			const struct gtpu_options *o, struct err *err)
{
	const struct {
		struct gen **gen;
		const char *map;
		uint32_t max_entries;
	} all[] = {
		{&t->sessions, "gtpu_sessions", (uint32_t)o->sessions},
		{&t->strays, "gtpu_strays", STRAYS},
		{&t->contexts, "gtpu_contexts", o->contexts ? CONTEXTS : 1},
	};
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(all); i++)
		r = gen_prepare(all[i].gen, bpf_object__find_map_by_name(object, all[i].map),
				all[i].max_entries, err);
	return r;
}

int gtpu_tables_start(const struct gtpu_tables *t, struct err *err)
{
	int r = gen_start(t->sessions, err);

	if (!r)
		r = gen_start(t->strays, err);
	return r ? r : gen_start(t->contexts, err);
}

void gtpu_tables_free(struct gtpu_tables *t)
{
	gen_free(t->sessions);
	gen_free(t->strays);
	gen_free(t->contexts);
}

struct rows {
	struct gtpu_netns *netns;
	struct gtpu_check *check;
	event_fn emit;
	void *data;
};

static void session_row(void *data, const struct gen_row *row)
{
	const struct gtpu_session_key *key = row->key;
	struct gtpu_session sum = {0};
	struct rows *r = data;

	for (unsigned cpu = 0; cpu < row->cpus; cpu++) {
		struct gtpu_session one;

		memcpy(&one, percpu_value(row, cpu), sizeof(one));
		if (one.packets)
			memcpy(sum.peer, one.peer, sizeof(sum.peer));
		sum.packets += one.packets;
		sum.bytes += one.bytes;
	}
	gtpu_check_note(r->check, key);
	gtpu_session_row(key, &sum, key->netns ? gtpu_netns_name(r->netns, "", key->netns) : NULL,
			 r->emit, r->data);
}

static void context_row(void *data, const struct gen_row *row)
{
	struct rows *r = data;

	for (unsigned cpu = 0; cpu < row->cpus; cpu++) {
		struct gtpu_context one;

		memcpy(&one, percpu_value(row, cpu), sizeof(one));
		if (one.calls)
			gtpu_context_row(row->key, &one, cpu, r->emit, r->data);
	}
}

/* All are swapped before one is drained: they then speak of the same packets. */
int gtpu_tables_collect(const struct gtpu_tables *t, struct gtpu_netns *netns,
			struct gtpu_check *check, event_fn emit, void *data)
{
	struct rows rows = {.netns = netns, .check = check, .emit = emit, .data = data};
	int r = gen_swap(t->sessions);

	if (!r)
		r = gen_swap(t->strays);
	if (!r)
		r = gen_swap(t->contexts);
	if (!r)
		r = gen_drain(t->sessions, session_row, &rows);
	if (!r)
		r = gen_drain(t->strays, session_row, &rows);
	return r ? r : gen_drain(t->contexts, context_row, &rows);
}
