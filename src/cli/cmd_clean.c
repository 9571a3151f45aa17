/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cleanup.h"
#include "cmd.h"
#include "escape.h"
#include "json_line.h"
#include "leftovers.h"
#include "log.h"
#include "netns_hidden.h"
#include "plural.h"

static const char doc[] =
	"Puts back the boosts and removes the filters and files that a killed teide left; what a teide "
	"that lives uses is left alone, and so is everything that is not teide's. A lab is ended by "
	"'teide lab down'.\v"
	"--verify looks again afterwards, and exits 1 if anything of teide is there, in use or not. It exits 1 too "
	"where not everything could be looked at.\n"
	"JSON: a line for each thing {event: leftover, when: before|after, kind, what, in_use}; the last is {event: "
	"summary, before, after, unreadable}, each a number.";

static const struct argp_option options[] = {
	{"verify", 'v', NULL, 0, "prove that nothing is left", 0},
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

struct arguments {
	bool verify, json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == 'v')
		a->verify = true;
	else if (key == 'o')
		a->json = args_json(state, arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

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

static void print(const struct leftovers *l, const char *when, bool json)
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

static int clean(const struct arguments *a, bool *ret_left, struct err *err)
{
	_cleanup_(leftovers_free) struct leftovers before = {0}, after = {0};
	int r = leftovers_find(&before, err), removed;

	if (r < 0)
		return r;
	print(&before, "before", a->json);
	removed = leftovers_remove(err);
	r = leftovers_find(&after, removed < 0 ? NULL : err);
	if (r < 0)
		return removed < 0 ? removed : r;
	print(&after, "after", a->json);
	if (a->json)
		print_summary(&before, &after);
	for (size_t i = 0; i < after.len; i++)
		*ret_left |= a->verify || !after.items[i].in_use;
	*ret_left |= after.unreadable || after.hidden || (a->verify && after.why_no_probes);
	return removed;
}

int cmd_clean(int argc, char **argv)
{
	static const struct argp clean_argp = {.options = options, .parser = parse, .doc = doc};
	struct arguments a = {0};
	struct err err = {0};
	bool left = false;
	int r;

	args_parse(&clean_argp, argc, argv, &a);
	r = clean(&a, &left, &err);
	if (r < 0) {
		log_error("%s", err.text);
		return err_exit_code(r);
	}
	return left ? EXIT_FAILED : EXIT_DONE;
}
