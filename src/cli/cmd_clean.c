/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "args.h"
#include "clean.h"
#include "cmd.h"

static const char doc[] =
	"Puts back the boosts, takes back the strategies at API servers and removes the filters and files that a "
	"killed teide left, as its records in /run/teide tell; what a teide "
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

static error_t parse_clean(int key, char *arg, struct argp_state *state)
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

int cmd_clean(int argc, char **argv)
{
	static const struct argp clean_argp = {.options = options, .parser = parse_clean, .doc = doc};
	struct arguments a = {0};
	struct err err = {0};
	bool left = false;
	int r;

	args_parse(&clean_argp, argc, argv, &a);
	r = clean_run(a.verify, a.json, &left, &err);
	return r >= 0 && left ? EXIT_FAILED : args_exit(r, &err);
}
