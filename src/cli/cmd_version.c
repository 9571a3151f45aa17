/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "args.h"
#include "cmd.h"
#include "json_line.h"

static const struct argp_option options[] = {
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	if (key != 'o')
		return ARGP_ERR_UNKNOWN;
	*json = args_json(state, arg);
	return 0;
}

int cmd_version(int argc, char **argv)
{
	static const struct argp version_argp = {.options = options, .parser = parse, .doc = "Tells the version."};
	struct json_line line;
	bool json = false;

	args_parse(&version_argp, argc, argv, &json);
	if (!json) {
		printf("teide %s\n", TEIDE_VERSION);
		return EXIT_DONE;
	}
	jw_string(json_line_begin(&line, NULL, "version"), "version", TEIDE_VERSION);
	json_line_end(&line);
	return EXIT_DONE;
}
