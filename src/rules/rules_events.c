/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "clock.h"
#include "rules_live.h"
#include "rules_show.h"

struct contents {
	const struct rules *rules;
	const struct rules_change *change;
};

static void more_json(struct jw *j, const void *data)
{
	const struct contents *c = data;

	rules_contents_json(c->rules, c->change, j);
	if (c->change->cause && c->change->cause->since_ns)
		jw_u64(j, "since_ns", c->change->cause->since_ns);
}

static void more_text(struct buf *out, const void *data)
{
	const struct contents *c = data;

	buf_str(out, ": ");
	rules_contents_text(c->rules, c->change, out);
}

static enum event_change change_of(enum rules_event event)
{
	switch (event) {
	case RULES_CREATED:
		return CHANGE_CREATED;
	case RULES_REMOVED:
		return CHANGE_REMOVED;
	case RULES_REFUSED:
		return CHANGE_REFUSED;
	case RULES_CHANGED:
	case RULES_HANDOVER:
	case RULES_RESUMED:
		break;
	}
	return CHANGE_REPLACED;
}

static enum event_kind kind_of(enum rules_event event)
{
	return event == RULES_HANDOVER ? KIND_HANDOVER : event == RULES_RESUMED ? KIND_RESUMED : KIND_RULE;
}

/* The request itself was not seen: the event has the time at which the change was found. */
static struct event found_only(const struct rules *t, const struct rules_change *c, const char *probe)
{
	struct event e = {.probe = probe, .ts_ns = clock_boot_ns()};

	e.netns = rules_change_netns(t, c);
	if (e.netns)
		event_set(&e, F_NETNS);
	return e;
}

void rules_change_event(const struct rules *t, const struct rules_change *c, const char *probe, event_fn emit,
			void *data)
{
	const struct contents contents = {t, c};
	const struct event_more more = {more_json, more_text, &contents};
	const struct gtp5g_rule *r = c->after ? c->after : c->before;
	struct event e = c->cause ? *c->cause->event : found_only(t, c, probe);

	e.kind = kind_of(c->event);
	event_set_rule(&e, (enum event_rule_kind)r->kind, r->seid, r->id);
	e.rule.change = change_of(c->event);
	if (rules_is_move(c))
		event_clear(&e, F_CHANGE);
	else
		event_set(&e, F_CHANGE);
	if (c->cause && c->cause->counted) {
		e.rule.buffered = c->cause->buffered;
		e.rule.dropped = c->cause->dropped;
	}
	e.rule.more = &more;
	emit(data, &e);
}
