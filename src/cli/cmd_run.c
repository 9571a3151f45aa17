/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <string.h>

#include "agent.h"
#include "cleanup.h"
#include "cmd.h"
#include "log.h"
#include "settings.h"

static const char doc[] = "The service: runs the probes, counts, finds the processes of the 5G functions "
			  "and pushes scheduling strategies for them. Ends on SIGTERM, taking all back.";

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0, "configuration file; without: defaults and TEIDE_... variables", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	if (key != 'c')
		return ARGP_ERR_UNKNOWN;
	*(const char **)state->input = arg;
	return 0;
}

static void log_notes(const char *notes)
{
	for (const char *end; (end = strchr(notes, '\n')); notes = end + 1)
		log_info("%.*s", (int)(end - notes), notes);
}

int cmd_run(int argc, char **argv)
{
	static const struct argp run_argp = {.options = options, .parser = parse, .doc = doc};
	_cleanup_(settings_free) struct settings settings = {0};
	const char *path = NULL;
	struct err err = {0};
	int r;

	argp_parse(&run_argp, argc, argv, 0, NULL, &path);
	r = settings_load(&settings, path, &err);
	if (r >= 0) {
		log_set_level(settings_run(&settings)->log_level);
		log_notes(config_notes(settings.config));
		r = agent_run(&settings, &err);
	}
	if (r < 0)
		log_error("%s", err.text[0] ? err.text : err_name(r));
	return err_exit_code(r);
}
