/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "clean.h"

#include <stdio.h>

#include "cleanup.h"
#include "escape.h"
#include "json_line.h"
#include "leftovers.h"
#include "log.h"
#include "netns_hidden.h"
#include "plural.h"

static void print_json(const char *when, const struct leftover *item)
{
	struct json_line line;
	struct jw *j = json_line_begin(&line, NULL, "leftover");

	jw_string(j, "when", when);
	jw_string(j, "kind", item->kind);
	jw_string(j, "what", item->what);
	jw_bool(j, "in_use", item->in_use);
	json_line_end(&line);
}

static void print_summary(const struct leftovers *before, const struct leftovers *after)
{
	struct json_line line;
	struct jw *j = json_line_begin(&line, NULL, "summary");

	jw_u64(j, "before", before->len);
	jw_u64(j, "after", after->len);
	jw_u64(j, "unreadable", after->unreadable + after->hidden);
	json_line_end(&line);
}

static void print_text(const struct leftover *item)
{
	char what[ESCAPED_MAX(sizeof(item->what))];

	printf("  %-7s %s%s\n", item->kind, escape_text_to(what, sizeof(what), item->what),
	       item->in_use ? " (in use by a teide that runs)" : "");
}

static void print_leftovers(const struct leftovers *l, const char *when, bool json)
{
	if (!json)
		printf("%s:%s%s\n", when, l->len ? "" : " nothing of teide",
		       (l->unreadable || l->hidden) && !l->len ? " in what could be looked at" : "");
	for (size_t i = 0; i < l->len; i++) {
		const struct leftover *item = &l->items[i];

		if (json)
			print_json(when, item);
		else
			print_text(item);
	}
	if (l->unreadable)
		log_warning("%zu network namespaces could not be looked at: %s%s", l->unreadable,
			    err_name(l->why_unreadable), err_root_hint(l->why_unreadable));
	if (l->why_no_probes)
		log_warning("BPF objects could not be looked at: %s%s", err_name(l->why_no_probes),
			    err_root_hint(l->why_no_probes));
	if (l->hidden)
		log_warning("the network namespace%s of %zu process%s " NETNS_HIDDEN_ADVICE, plural(l->hidden),
			    l->hidden, l->hidden == 1 ? "" : "es");
}

int clean_run(bool verify, bool json, bool *ret_left, struct err *err)
{
	_cleanup_(leftovers_free) struct leftovers before = {0}, after = {0};
	int r = leftovers_find(&before, err), removed;

	if (r < 0)
		return r;
	print_leftovers(&before, "before", json);
	removed = leftovers_remove(err);
	r = leftovers_find(&after, removed < 0 ? NULL : err);
	if (r < 0)
		return removed < 0 ? removed : r;
	print_leftovers(&after, "after", json);
	if (json)
		print_summary(&before, &after);
	for (size_t i = 0; i < after.len; i++)
		*ret_left |= verify || !after.items[i].in_use;
	*ret_left |= after.unreadable || after.hidden || (verify && after.why_no_probes);
	return removed;
}
