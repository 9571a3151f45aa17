/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "doctor_report.h"
#include "escape.h"

#define WIDTH 100
#define INDENT 28 /* where details begin */

static const char *const headings[CHECK_GROUPS] = {"KERNEL",  "RIGHTS",	    "MODULES",	 "FUNCTIONS",
						   "NETWORK", "CONTAINERS", "SCHEDULER", "API"};

/* Up to the next blank that is not within quotes: a line that is broken there would be another command. */
static size_t word_len(const char *text)
{
	size_t n = 0;

	if (*text == '\'' || *text == '"') {
		const char *end = strchr(text + 1, *text);

		n = end ? (size_t)(end - text) : 0;
	}
	return n + strcspn(text + n, " ");
}

/* Words from the column INDENT on, the first line begun already at column at. */
static void wrap(struct buf *out, size_t at, const char *mark, const char *text)
{
	size_t margin = INDENT + strlen(mark), column = margin;
	_cleanup_(buf_free) struct buf shown = {0};

	escape_text(&shown, text);
	text = shown.data ?: "";
	buf_printf(out, "%*s%s", at < INDENT ? (int)(INDENT - at) : 1, "", mark);
	if (at >= INDENT)
		column += at - INDENT + 1;
	while (*text) {
		size_t n = word_len(text);

		if (column > margin && column + 1 + n > WIDTH) {
			buf_printf(out, "\n%*s", (int)margin, "");
			column = margin;
		} else if (column > margin) {
			buf_char(out, ' ');
			column++;
		}
		buf_add(out, text, n);
		column += n;
		text += n;
		text += strspn(text, " ");
	}
	buf_char(out, '\n');
}

static bool same_line(const struct check *a, const struct check *b)
{
	return a->line[0] && a->group == b->group && a->state == b->state && a->hidden == b->hidden &&
	       !strcmp(a->line, b->line) && !strcmp(a->netns, b->netns);
}

static void write_label(const struct check *c, const char *label, const char *text, struct buf *out)
{
	size_t before = out->len;

	buf_printf(out, "  %-7s  ", check_state_name(c->state));
	escape_text(out, label);
	wrap(out, out->len - before, "", text);
}

/* A line's text is its label, up to a colon, and what is said of all of them behind it. */
static void write_merged(const struct check *c, size_t n, struct buf *out)
{
	const char *colon = strchr(c->line, ':');
	_cleanup_(buf_free) struct buf text = {0};
	char label[CHECK_TEXT_MAX];

	snprintf(label, sizeof(label), "%.*s", (int)strcspn(c->line, ":"), c->line);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", c[i].what);
	if (colon)
		buf_printf(&text, " (%s)", colon + 1 + strspn(colon + 1, " "));
	write_label(c, label, text.data ? text.data : "", out);
	if (c->remedy[0] && n && !strcmp(c[0].remedy, c[n - 1].remedy) && c->state >= CHECK_LIMITED)
		wrap(out, 0, "-> ", c->remedy);
}

static void write_one(const struct check *c, struct buf *out)
{
	write_label(c, c->what, c->detail, out);
	if (c->remedy[0])
		wrap(out, 0, "-> ", c->remedy);
}

static void write_heading(const struct check *c, const struct check *previous, struct buf *out)
{
	if (previous && previous->group == c->group && !strcmp(previous->netns, c->netns))
		return;
	buf_str(out, headings[c->group]);
	if (c->netns[0])
		buf_str(out, " of ");
	escape_text(out, c->netns);
	buf_char(out, '\n');
}

static void write_summary(const struct report *r, struct buf *out)
{
	size_t counts[CHECK_MISSING + 1] = {0};

	for (size_t i = 0; i < r->len; i++)
		counts[r->checks[i].state] += !r->checks[i].hidden;
	buf_printf(out, "%zu ok, %zu info, %zu limited, %zu missing: this node is %s for teide\n", counts[CHECK_OK],
		   counts[CHECK_INFO], counts[CHECK_LIMITED], counts[CHECK_MISSING],
		   report_verdict_name(report_verdict(r)));
	if (r->left_out)
		buf_printf(out, "%zu more findings did not fit\n", r->left_out);
}

void report_text(const struct report *r, const struct report_heading *h, struct buf *out)
{
	const struct check *previous = NULL;

	buf_printf(out, "teide %s on ", h->version);
	escape_text(out, h->node);
	buf_printf(out, ", Linux %s\n", h->kernel);
	for (size_t i = 0, n; i < r->len; i += n) {
		const struct check *c = &r->checks[i];

		for (n = 1; i + n < r->len && same_line(c, &c[n]);)
			n++;
		if (c->hidden)
			continue;
		write_heading(c, previous, out);
		previous = c;
		if (c->line[0])
			write_merged(c, n, out);
		else
			write_one(c, out);
	}
	write_summary(r, out);
}
