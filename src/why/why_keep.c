/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is kept of the probes' rows until it is summed up. */
#include <stdlib.h>

#include "why_internal.h"

#define FLOWS_MAX 65536

struct why_seen *why_seen_new(const struct why_question *q, const struct why_session *session)
{
	struct why_seen *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->flows = agg_flows_new(FLOWS_MAX, 0, 0);
	s->rest = agg_flows_new(FLOWS_MAX, 0, 0);
	s->errors = agg_quality_new(WHY_ERRORS_MAX, 0);
	if (!s->flows || !s->rest || !s->errors) {
		why_seen_free(s);
		return NULL;
	}
	s->marks.has_ue = q->by_ue;
	s->marks.ue = q->ue;
	if (session)
		why_marks_session(&s->marks, session);
	if (!q->by_ue && !session) {
		why_marks_add(&s->marks, WHY_UPLINK, q->teid);
		why_marks_add(&s->marks, WHY_DOWNLINK, q->teid);
	}
	return s;
}

void why_seen_free(struct why_seen *s)
{
	if (!s)
		return;
	agg_flows_free(s->flows);
	agg_flows_free(s->rest);
	agg_quality_free(s->errors);
	map_free(s->rows);
	map_free(s->exits);
	for (int way = 0; way < WHY_WAYS; way++)
		free(s->durations[way]);
	free(s);
}

void why_seen_lost(struct why_seen *s, uint64_t events)
{
	s->lost += events;
}

static bool has_address(const struct event_tuple *t, const struct addr *a)
{
	return addr_equal(&t->src, a) || addr_equal(&t->dst, a);
}

/* The table that a row goes to, or NULL: it is another session's. */
static struct agg_flows *table_of(const struct why_seen *s, const struct event *e)
{
	const struct why_marks *m = &s->marks;

	if (!m->has_ue)
		return s->flows;
	if (event_has(e, F_GTP_TEID)) {
		bool its = why_marks_teid(m, WHY_UPLINK, e->gtp.teid) || why_marks_teid(m, WHY_DOWNLINK, e->gtp.teid);

		if (its || (event_has(e, F_INNER_SRC) && has_address(&e->inner, &m->ue)))
			return s->flows;
		/* Outer addresses of tunnels that are learned at the end; and GTP-U that the UE itself sends. */
		return e->kind == KIND_TUNNEL && (!m->told || has_address(&e->outer, &m->ue)) ? s->flows : NULL;
	}
	return has_address(&e->outer, &m->ue) ? s->flows : s->rest;
}

void why_seen_add(struct why_seen *s, const struct event *e)
{
	struct agg_flows *table;

	if (event_has(e, F_FUNCTION)) {
		why_module_add(s, e);
		return;
	}
	if (agg_quality_add(s->errors, e))
		return;
	table = table_of(s, e);
	if (table)
		agg_flows_add(table, e);
}
