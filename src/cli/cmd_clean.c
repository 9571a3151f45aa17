/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "cmd.h"
#include "jsonw.h"
#include "leftovers.h"
#include "log.h"

static const char doc[] =
	"Puts back the boosts and removes the filters and files that a killed teide left; what a teide "
	"that lives uses is left alone, and so is everything that is not teide's. A lab is ended by "
	"'teide lab down'.\v"
	"--verify looks again afterwards, and exits 1 if anything of teide is there, in use or not.";

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
	else if (key == 'o' && (!strcmp(arg, "json") || !strcmp(arg, "text")))
		a->json = !strcmp(arg, "json");
	else if (key == 'o')
		argp_error(state, "no output form '%s': text or json", arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static void print_json(const char *when, const struct leftover *item)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct jw j = jw_begin(&out);

	jw_object(&j, NULL);
	jw_string(&j, "when", when);
	jw_string(&j, "kind", item->kind);
	jw_string(&j, "what", item->what);
	jw_bool(&j, "in_use", item->in_use);
	jw_object_end(&j);
	puts(out.data ? out.data : "");
}

static void print(const struct leftovers *l, const char *when, bool json)
{
	if (!json)
		printf("%s:%s\n", when, l->len ? "" : " nothing of teide");
	for (size_t i = 0; i < l->len; i++) {
		const struct leftover *item = &l->items[i];

		if (json)
			print_json(when, item);
		else
			printf("  %-7s %s%s\n", item->kind, item->what,
			       item->in_use ? " (in use by a teide that runs)" : "");
	}
	if (l->unreadable)
		log_warning("%zu network namespaces could not be looked at; run as root",
			    l->unreadable);
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
	for (size_t i = 0; i < after.len; i++)
		*ret_left |= a->verify || !after.items[i].in_use;
	*ret_left |= a->verify && after.unreadable;
	return removed;
}

int cmd_clean(int argc, char **argv)
{
	static const struct argp clean_argp = {.options = options, .parser = parse, .doc = doc};
	struct arguments a = {0};
	struct err err = {0};
	bool left = false;
	int r;

	argp_parse(&clean_argp, argc, argv, 0, NULL, &a);
	r = clean(&a, &left, &err);
	if (r < 0) {
		log_error("%s", err.text);
		return err_exit_code(r);
	}
	return left ? EXIT_FAILED : EXIT_DONE;
}
