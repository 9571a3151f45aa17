/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rule_timeline.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "gtp5g.h"
#include "map.h"

#define QUEUE_MAX 4096
#define ATTRS_MAX 512
#define FARS_MAX 65536
#define NETNS_TEXT_MAX 64

enum request { REQUEST_CREATE, REQUEST_REPLACE, REQUEST_REMOVE, REQUEST_END_MARKER };

struct queued {
	struct event event;
	enum request request;
	struct gtp5g_rule rule; /* kind, seid, id */
	bool attrs;		/* all of them are here */
	uint32_t attrs_len;
	char netns[NETNS_TEXT_MAX];
	uint8_t bytes[ATTRS_MAX];
};

/* From where on a FAR's packets are counted. */
struct far_since {
	struct event_count buffered, dropped; /* what the probe had counted then */
	uint64_t ns;
};

struct far_key {
	uint64_t netns, seid;
	uint32_t id, pad;
};

struct touched {
	struct gtp5g_rule rule;
	uint64_t netns;
};

struct rule_timeline {
	struct rules *rules;
	struct map *fars;      /* struct far_key -> struct far_since */
	struct queued **queue; /* a ring of QUEUE_MAX, the entries owned */
	size_t first, len;
	struct touched *touched; /* since the last scan began */
	size_t touched_len;
	uint64_t left_out;
};

struct rule_timeline *rule_timeline_new(struct rules *rules)
{
	struct rule_timeline *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->fars = map_new(sizeof(struct far_key), sizeof(struct far_since), FARS_MAX);
	t->queue = calloc(QUEUE_MAX, sizeof(struct queued *));
	t->touched = calloc(QUEUE_MAX, sizeof(*t->touched));
	if (!t->fars || !t->queue || !t->touched) {
		rule_timeline_free(t);
		return NULL;
	}
	t->rules = rules;
	return t;
}

static struct queued *queued_at(const struct rule_timeline *t, size_t i)
{
	return t->queue[(t->first + i) % QUEUE_MAX];
}

void rule_timeline_free(struct rule_timeline *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->len; i++)
		free(queued_at(t, i));
	free(t->queue);
	free(t->touched);
	map_free(t->fars);
	rules_free(t->rules);
	free(t);
}

const struct rules *rule_timeline_rules(const struct rule_timeline *t)
{
	return t->rules;
}

uint64_t rule_timeline_left_out(const struct rule_timeline *t)
{
	return t->left_out;
}

_Static_assert((int)RULE_BAR == (int)GTP5G_RULE_BAR && (int)RULE_KINDS == (int)GTP5G_RULE_KINDS, "one order");

/* What the event asks for; false when it names no rule. */
static bool take_request(struct queued *q, const struct event *e)
{
	if (e->kind == KIND_END_MARKER) {
		q->request = REQUEST_END_MARKER;
		return true;
	}
	if (!event_rule_id(e, &q->rule.id))
		return false;
	q->rule.kind = (enum gtp5g_rule_kind)e->rule.kind;
	q->rule.seid = e->seid;
	q->rule.has = GTP5G_HAS_ID;
	q->request = e->rule.change == CHANGE_REMOVED	 ? REQUEST_REMOVE
		     : e->rule.change == CHANGE_REPLACED ? REQUEST_REPLACE
							 : REQUEST_CREATE;
	return true;
}

static void take_borrowed(struct queued *q, const struct event *e)
{
	q->event = *e;
	if (e->netns)
		memcpy(q->netns, e->netns, MIN(strlen(e->netns), sizeof(q->netns) - 1));
	q->event.netns = q->netns;
	for (enum event_field f = F_POD; f <= F_CONTAINER_ID; f++)
		event_clear(&q->event, f);
	q->event.rule.attrs = NULL;
	if (!e->rule.attrs || e->rule.attrs_len > sizeof(q->bytes))
		return;
	q->attrs = true;
	q->attrs_len = e->rule.attrs_len;
	memcpy(q->bytes, e->rule.attrs, e->rule.attrs_len);
}

bool rule_timeline_take(struct rule_timeline *t, const struct event *e)
{
	struct queued *q;

	if (e->kind != KIND_RULE && e->kind != KIND_END_MARKER)
		return false;
	q = t->len < QUEUE_MAX ? calloc(1, sizeof(*q)) : NULL;
	if (!q || !take_request(q, e)) {
		t->left_out++;
		free(q);
		return true;
	}
	take_borrowed(q, e);
	t->queue[(t->first + t->len++) % QUEUE_MAX] = q;
	return true;
}

static bool same_rule(const struct queued *a, const struct queued *b)
{
	return a->request != REQUEST_END_MARKER && b->request != REQUEST_END_MARKER &&
	       a->event.netns_inode == b->event.netns_inode && a->rule.kind == b->rule.kind &&
	       a->rule.seid == b->rule.seid && a->rule.id == b->rule.id;
}

static bool is_superseded(const struct rule_timeline *t)
{
	for (size_t i = 1; i < t->len; i++)
		if (same_rule(queued_at(t, 0), queued_at(t, i)))
			return true;
	return false;
}

/* The module sends it inside the request: the same thread's, and before its next one. */
static bool has_end_marker(const struct rule_timeline *t)
{
	const struct queued *q = queued_at(t, 0);

	for (size_t i = 1; i < t->len; i++)
		if (queued_at(t, i)->event.pid == q->event.pid)
			return queued_at(t, i)->request == REQUEST_END_MARKER;
	return false;
}

static void drop_first(struct rule_timeline *t)
{
	free(queued_at(t, 0));
	t->first = (t->first + 1) % QUEUE_MAX;
	t->len--;
}

bool rule_timeline_next(const struct rule_timeline *t, struct rule_request *ret)
{
	const struct queued *q;

	if (!t->len)
		return false;
	q = queued_at(t, 0);
	*ret = (struct rule_request){.netns = q->event.netns_inode,
				     .ifindex = q->event.ifindex,
				     .superseded = q->request == REQUEST_END_MARKER || is_superseded(t)};
	memcpy(&ret->rule, &q->rule, sizeof(q->rule));
	return true;
}

static struct far_key far_key_of(const struct queued *q)
{
	return (struct far_key){.netns = q->event.netns_inode, .seid = q->rule.seid, .id = q->rule.id};
}

static struct event_count since(struct event_count now, struct event_count then)
{
	/* Less than before: the FAR is a new one of an old number. */
	if (now.packets < then.packets || now.bytes < then.bytes)
		return now;
	return (struct event_count){now.packets - then.packets, now.bytes - then.bytes};
}

static void take_counts(const struct rule_timeline *t, const struct queued *q, struct rules_cause *cause)
{
	const struct far_key key = far_key_of(q);
	const struct far_since *from = map_get(t->fars, &key);

	if (q->rule.kind != GTP5G_RULE_FAR || !event_has(&q->event, F_BUFFERED_PACKETS))
		return;
	cause->counted = true;
	cause->buffered = q->event.rule.buffered;
	cause->dropped = q->event.rule.dropped;
	if (!from)
		return;
	cause->buffered = since(cause->buffered, from->buffered);
	cause->dropped = since(cause->dropped, from->dropped);
	cause->since_ns = from->ns;
}

static bool buffers(const struct gtp5g_rule *far)
{
	return far && far->has & GTP5G_HAS_ACTION && far->far.action & GTP5G_ACTION_BUFF;
}

/* A FAR that goes on buffering is counted from where it began. */
static void keep_counts(struct rule_timeline *t, const struct queued *q, const struct gtp5g_rule *before,
			const struct gtp5g_rule *after)
{
	const struct far_key key = far_key_of(q);
	struct far_since *from;

	if (q->rule.kind != GTP5G_RULE_FAR)
		return;
	if (!after) {
		map_remove(t->fars, &key);
		return;
	}
	if (buffers(before) && buffers(after) && map_get(t->fars, &key))
		return;
	from = map_put(t->fars, &key, NULL);
	if (from)
		*from = (struct far_since){q->event.rule.buffered, q->event.rule.dropped, q->event.ts_ns};
}

/* What the rule is after the request when the module did as it was asked; false when that cannot be
 * told. */
static bool predict(const struct queued *q, const struct gtp5g_rule *before, struct gtp5g_rule *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &q->rule, sizeof(*ret));
	if (q->request == REQUEST_REPLACE && !before)
		return false;
	if (q->request == REQUEST_REPLACE)
		memcpy(ret, before, sizeof(*ret));
	return q->attrs && gtp5g_rule_apply(q->bytes, q->attrs_len, ret) == 0;
}

struct outcome {
	enum rules_event event;
	const struct gtp5g_rule *after; /* NULL: none */
};

static struct outcome done(const struct queued *q, const struct gtp5g_rule *before, const struct gtp5g_rule *after)
{
	if (!after)
		return (struct outcome){RULES_REMOVED, NULL};
	return (struct outcome){before || q->request == REQUEST_REPLACE ? RULES_CHANGED : RULES_CREATED, after};
}

/* Without an answer the request counts as done. */
static struct outcome judge(const struct queued *q, enum rule_answer answer, const struct gtp5g_rule *before,
			    const struct gtp5g_rule *asked, const struct gtp5g_rule *now)
{
	const struct outcome refused = {RULES_REFUSED, asked};

	if (q->request == REQUEST_REMOVE)
		return answer == RULE_FOUND || (answer == RULE_GONE && !before) ? (struct outcome){RULES_REFUSED, NULL}
										: done(q, before, NULL);
	/* That it is there already is why the module refuses to create it. */
	if (q->request == REQUEST_CREATE && before &&
	    (answer == RULE_UNKNOWN || (answer == RULE_FOUND && rules_same(before, now))))
		return refused;
	if (answer == RULE_UNKNOWN)
		return done(q, before, asked ? asked : &q->rule);
	if (answer == RULE_GONE)
		return before ? done(q, before, NULL) : refused;
	if (before && rules_same(before, now) && asked && !rules_same(asked, now))
		return refused;
	return done(q, before, now);
}

static void touch(struct rule_timeline *t, const struct queued *q)
{
	struct touched *last;

	if (t->touched_len == QUEUE_MAX)
		return;
	last = &t->touched[t->touched_len++];
	memcpy(&last->rule, &q->rule, sizeof(q->rule));
	last->netns = q->event.netns_inode;
}

/* A control plane repeats a rule as it is: free5GC's does at each set-up and service request. */
static bool is_repeated(const struct gtp5g_rule *before, struct outcome o)
{
	return o.event == RULES_CHANGED && before && rules_same(before, o.after);
}

/* What the queue's first became, told and remembered. */
static void conclude(struct rule_timeline *t, const struct gtp5g_rule *before, struct outcome o,
		     void (*visit)(const struct rules_change *, void *), void *data)
{
	const struct queued *q = queued_at(t, 0);
	struct rules_cause cause = {.event = &q->event, .end_marker_known = q->event.rule.sees_end_markers};
	struct rules_change change = {
		.event = o.event, .netns = q->event.netns_inode, .before = before, .after = o.after, .cause = &cause};

	if (is_repeated(before, o)) {
		touch(t, q);
		return;
	}
	cause.end_marker = has_end_marker(t);
	take_counts(t, q, &cause);
	if (!before && !o.after)
		change.before = &q->rule;
	visit(&change, data);
	if (o.event == RULES_REFUSED)
		return;
	if (o.event == RULES_CHANGED && before)
		change.event = rules_beside(before, o.after, cause.end_marker);
	if (change.event != o.event)
		visit(&change, data);
	keep_counts(t, q, before, o.after);
	touch(t, q);
	if (o.after)
		rules_put(t->rules, change.netns, o.after);
	else
		rules_remove(t->rules, change.netns, &q->rule);
}

void rule_timeline_settle(struct rule_timeline *t, enum rule_answer answer, const struct gtp5g_rule *now,
			  void (*visit)(const struct rules_change *, void *), void *data)
{
	const struct queued *q = queued_at(t, 0);
	struct gtp5g_rule before, asked, copy;
	const struct gtp5g_rule *known, *wanted = NULL;

	if (q->request == REQUEST_END_MARKER) {
		drop_first(t);
		return;
	}
	known = rules_find(t->rules, q->event.netns_inode, q->rule.kind, q->rule.seid, q->rule.id);
	if (known)
		memcpy(&before, known, sizeof(before));
	if (q->request != REQUEST_REMOVE && predict(q, known, &asked))
		wanted = &asked;
	if (is_superseded(t))
		answer = RULE_UNKNOWN;
	if (answer == RULE_FOUND)
		memcpy(&copy, now, sizeof(copy));
	conclude(t, known ? &before : NULL, judge(q, answer, known ? &before : NULL, wanted, &copy), visit, data);
	drop_first(t);
}

/* What is known of a rule that changed meanwhile is newer than the scan. */
static void keep_newer(const struct rule_timeline *t, const struct touched *k, struct rules *now)
{
	const struct gtp5g_rule *known = rules_find(t->rules, k->netns, k->rule.kind, k->rule.seid, k->rule.id);

	if (known)
		rules_put(now, k->netns, known);
	else
		rules_remove(now, k->netns, &k->rule);
}

void rule_timeline_scan_begins(struct rule_timeline *t)
{
	t->touched_len = 0;
}

void rule_timeline_rescan(struct rule_timeline *t, struct rules *now,
			  void (*visit)(const struct rules_change *, void *), void *data)
{
	for (size_t i = 0; i < t->touched_len; i++)
		keep_newer(t, &t->touched[i], now);
	/* More than that were not noted: the next scan tells what they left. */
	if (t->touched_len < QUEUE_MAX)
		rules_diff(t->rules, now, visit, data);
	rules_free(t->rules);
	t->rules = now;
}
