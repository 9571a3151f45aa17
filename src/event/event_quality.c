/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event_quality.h"

#include <inttypes.h>
#include <stddef.h>

#include "cleanup.h"

/* Beside a sequence a packet may come too late to say. */
#define MISFITS_MIN 1
#define MISFITS_PERCENT 1

static const struct {
	enum event_kind row;
	const char *of;
} kinds[QUALITY_OF_MAX] = {
	[QUALITY_OF_TUNNEL] = {KIND_SEQUENCE, "tunnel"},
	[QUALITY_OF_QOS_FLOW] = {KIND_SEQUENCE, "qos_flow"},
	[QUALITY_OF_ECHO] = {KIND_ECHO, NULL},
	[QUALITY_OF_DELAY_HERE] = {KIND_DELAY, "here"},
	[QUALITY_OF_DELAY_DOWNLINK] = {KIND_DELAY, "downlink"},
	[QUALITY_OF_DELAY_ROUND] = {KIND_DELAY, "round_trip"},
};

enum event_kind event_quality_row(uint8_t kind)
{
	return kind < QUALITY_OF_MAX ? kinds[kind].row : KIND_NONE;
}

const char *event_quality_of(uint8_t kind)
{
	return kind < QUALITY_OF_MAX ? kinds[kind].of : NULL;
}

int64_t event_quality_mean_ns(const struct event_quality *q)
{
	return q->timed ? q->sum_ns / (int64_t)q->timed : 0;
}

bool event_quality_usable(const struct event_quality *q)
{
	uint64_t misfits = q->uncounted + (q->stray > q->restarts ? q->stray - q->restarts : 0);

	return misfits <= MISFITS_MIN || misfits * 100 <= q->packets * MISFITS_PERCENT;
}

static void add_times(struct event_quality *to, const struct event_quality *q)
{
	if (!q->timed)
		return;
	to->min_ns = to->timed ? MIN(to->min_ns, q->min_ns) : q->min_ns;
	to->max_ns = to->timed ? MAX(to->max_ns, q->max_ns) : q->max_ns;
	to->sum_ns += q->sum_ns;
	to->timed += q->timed;
}

void event_quality_add(struct event_quality *to, const struct event_quality *q)
{
	to->kind = q->kind;
	to->packets += q->packets;
	to->missing += q->missing;
	to->filled += q->filled;
	to->reordered += q->reordered;
	to->duplicates += q->duplicates;
	to->stray += q->stray;
	to->restarts += q->restarts;
	to->uncounted += q->uncounted;
	to->unanswered += q->unanswered;
	to->unexpected += q->unexpected;
	to->implausible += q->implausible;
	add_times(to, q);
}

/* One key, in JSON and in text. */
struct figure {
	const char *key;
	size_t offset;
};

/* clang-format off */
#define FIGURE(key, member) {key, offsetof(struct event_quality, member)}
/* clang-format on */

static const struct figure sequence_figures[] = {
	FIGURE("packets", packets),	FIGURE("missing", missing),	  FIGURE("filled", filled),
	FIGURE("reordered", reordered), FIGURE("duplicates", duplicates), FIGURE("stray", stray),
	FIGURE("restarts", restarts),	FIGURE("uncounted", uncounted),	  {0},
};
static const struct figure echo_figures[] = {
	FIGURE("requests", packets),
	FIGURE("answers", timed),
	FIGURE("unanswered", unanswered),
	FIGURE("unexpected", unexpected),
	{0},
};
static const struct figure delay_figures[] = {
	FIGURE("packets", packets),
	FIGURE("implausible", implausible),
	{0},
};

static const struct figure *figures(const struct event_quality *q)
{
	if (q->kind == QUALITY_OF_ECHO)
		return echo_figures;
	return q->kind <= QUALITY_OF_QOS_FLOW ? sequence_figures : delay_figures;
}

static uint64_t value(const struct event_quality *q, const struct figure *f)
{
	return *(const uint64_t *)(const void *)((const char *)q + f->offset);
}

void event_quality_json(const struct event_quality *q, struct jw *j)
{
	jw_object(j, event_kind_name(event_quality_row(q->kind)));
	if (event_quality_of(q->kind))
		jw_string(j, "of", event_quality_of(q->kind));
	for (const struct figure *f = figures(q); f->key; f++)
		jw_u64(j, f->key, value(q, f));
	if (q->timed) {
		jw_i64(j, "min_ns", q->min_ns);
		jw_i64(j, "mean_ns", event_quality_mean_ns(q));
		jw_i64(j, "max_ns", q->max_ns);
	}
	jw_object_end(j);
}

void event_quality_text(const struct event_quality *q, struct buf *out)
{
	if (event_quality_of(q->kind))
		buf_printf(out, " of=%s", event_quality_of(q->kind));
	for (const struct figure *f = figures(q); f->key; f++)
		buf_printf(out, " %s=%" PRIu64, f->key, value(q, f));
	if (q->timed)
		buf_printf(out, " min_ns=%" PRId64 " mean_ns=%" PRId64 " max_ns=%" PRId64, q->min_ns,
			   event_quality_mean_ns(q), q->max_ns);
}
