/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "quality_table.h"

#include <inttypes.h>
#include <stdio.h>

#include "cleanup.h"
#include "escape.h"
#include "table_text.h"

#define TIME_MAX 24
#define PLACE_WIDTH 22
#define PLACE_MOST 40 /* a container's name can have 64 characters */

/* "12.3ms", "-1.5s": three digits. */
static const char *human_ns(int64_t ns, char text[static TIME_MAX])
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	double value = (double)ns, size = value < 0 ? -value : value;
	size_t u = 0;

	while (size >= 1000 && u < ARRAY_SIZE(units) - 1) {
		value /= 1000;
		size /= 1000;
		u++;
	}
	snprintf(text, TIME_MAX, "%.*f%s", !u || size >= 100 ? 0 : size >= 10 ? 1 : 2, value, units[u]);
	return text;
}

static void place(const struct agg_quality_key *k, struct buf *out)
{
	char text[96], shown[ESCAPED_MAX(sizeof(text))];

	snprintf(text, sizeof(text), "%s%s%s %s", k->netns, k->netns[0] ? "/" : "", k->interface,
		 k->dir == DIR_EGRESS ? "out" : "in");
	escape_text_to(shown, sizeof(shown), text);
	shorten_middle(shown, PLACE_MOST);
	buf_printf(out, "%-*s ", PLACE_WIDTH, shown);
	if (k->has_teid)
		buf_printf(out, "0x%08x ", k->teid);
	else
		buf_printf(out, "%10s ", "-");
	if (k->has_qfi)
		buf_printf(out, "%4u  ", k->qfi);
	else
		buf_printf(out, "%4s  ", "-");
}

static void ends(const struct agg_quality_key *k, struct buf *out)
{
	char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX], text[2 * ADDR_TEXT_MAX + 32], vni[24] = "";

	if (k->vni)
		snprintf(vni, sizeof(vni), " vni %u", k->vni);
	snprintf(text, sizeof(text), "%s > %s%s", addr_format(&k->src, src), addr_format(&k->dst, dst), vni);
	buf_printf(out, "%-33s", text);
}

static void times(const struct event_quality *q, struct buf *out)
{
	char min[TIME_MAX], mean[TIME_MAX], max[TIME_MAX];

	if (q->timed)
		buf_printf(out, " %8s %8s %8s", human_ns(q->min_ns, min), human_ns(event_quality_mean_ns(q), mean),
			   human_ns(q->max_ns, max));
}

static void sequence_line(const struct event_quality *q, struct buf *out)
{
	uint64_t lost = q->missing - q->filled;
	uint64_t sent = q->packets - q->duplicates + lost;

	if (!event_quality_usable(q)) {
		buf_printf(out, "%9" PRIu64 " %15s %7s %7s %7" PRIu64 " %7" PRIu64, q->packets, "not usable", "-", "-",
			   q->stray, q->restarts);
		return;
	}
	buf_printf(out, "%9" PRIu64 " %7" PRIu64 " %6.2f%% %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64,
		   q->packets, lost, sent ? 100.0 * (double)lost / (double)sent : 0, q->reordered, q->duplicates,
		   q->stray, q->restarts);
}

static void echo_line(const struct event_quality *q, struct buf *out)
{
	buf_printf(out, "%9" PRIu64 " %7" PRIu64 " %10" PRIu64 " %10" PRIu64, q->packets, q->timed, q->unanswered,
		   q->unexpected);
	times(q, out);
}

static void delay_line(const struct event_quality *q, struct buf *out)
{
	buf_printf(out, "%9" PRIu64 " %-10s", q->packets, event_quality_of(q->kind));
	times(q, out);
}

enum section { SECTION_ORDER, SECTION_ECHO, SECTION_DELAY, SECTION_ERROR, SECTIONS };

static enum section section_of(uint8_t kind)
{
	if (kind <= QUALITY_OF_QOS_FLOW)
		return SECTION_ORDER;
	if (kind == QUALITY_OF_ECHO)
		return SECTION_ECHO;
	return kind == AGG_QUALITY_ERROR ? SECTION_ERROR : SECTION_DELAY;
}

/* A place that is too wide gives way in the middle, so that columns stay columns. */
static void heading(enum section s, size_t width, struct buf *out)
{
	static const char *const titles[SECTIONS] = {"ORDER", "ECHO", "DELAY", "ERROR INDICATIONS"};
	static const char *const numbers[SECTIONS] = {
		[SECTION_ORDER] = " NUMBERED    LOST   LOST% REORDER   TWICE   STRAY RESTART",
		[SECTION_ECHO] = " REQUESTS ANSWERS UNANSWERED UNEXPECTED      MIN     MEAN      MAX",
		[SECTION_DELAY] = "  STAMPED OF              MIN     MEAN      MAX",
		[SECTION_ERROR] = "  PACKETS",
	};
	char about[96];

	snprintf(about, sizeof(about), "%-*s %10s %4s  %-33s", PLACE_WIDTH, titles[s], "TEID", "QFI",
		 s == SECTION_ECHO ? "ASKER > ANSWERER" : "OUTER");
	table_line(out, width, about, numbers[s]);
}

static void line(const struct agg_quality_entry *e, size_t width, struct buf *out)
{
	_cleanup_(buf_free) struct buf about = {0}, numbers = {0};

	place(&e->key, &about);
	ends(&e->key, &about);
	switch (section_of(e->key.kind)) {
	case SECTION_ORDER:
		sequence_line(&e->sum, &numbers);
		break;
	case SECTION_ECHO:
		echo_line(&e->sum, &numbers);
		break;
	case SECTION_DELAY:
		delay_line(&e->sum, &numbers);
		break;
	default:
		buf_printf(&numbers, "%9" PRIu64, e->sum.packets);
	}
	table_line(out, width, about.data ?: "", numbers.data ?: "");
}

static void section(const struct agg_quality_entry *const *sorted, size_t n, enum section s,
		    const struct quality_view *view, struct buf *out)
{
	size_t shown = 0, of = 0;

	for (size_t i = 0; i < n; i++) {
		if (section_of(sorted[i]->key.kind) != s)
			continue;
		if (!of++)
			heading(s, view->width, out);
		if (shown == view->top)
			continue;
		shown++;
		line(sorted[i], view->width, out);
	}
	if (of > shown)
		buf_printf(out, "(%zu more)\n", of - shown);
}

void quality_table_print(const struct agg_quality *quality, const struct quality_view *view, struct buf *out)
{
	_cleanup_free_ const struct agg_quality_entry **sorted = NULL;
	size_t n;

	if (agg_quality_sorted(quality, &sorted, &n) < 0) {
		out->failed = true;
		return;
	}
	for (enum section s = 0; s < SECTIONS; s++)
		section(sorted, n, s, view, out);
}
