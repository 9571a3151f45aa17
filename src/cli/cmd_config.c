/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <stdio.h>

#include "buf.h"
#include "cleanup.h"
#include "cmd.h"
#include "log.h"
#include "settings.h"

static const char doc[] = "Checks the configuration and shows it as it is in force, each value with "
			  "its meaning and where it came from.";

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0, "configuration file", 0},
	{"show", 's', NULL, 0, "show it (without: only check)", 0},
	{0},
};

struct arguments {
	const char *path;
	bool show;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == 'c')
		a->path = arg;
	else if (key == 's')
		a->show = true;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

int cmd_config(int argc, char **argv)
{
	static const struct argp config_argp = {.options = options, .parser = parse, .doc = doc};
	_cleanup_(settings_free) struct settings settings = {0};
	_cleanup_(buf_free) struct buf out = {0};
	struct arguments a = {0};
	struct err err = {0};
	int r;

	argp_parse(&config_argp, argc, argv, 0, NULL, &a);
	r = settings_load(&settings, a.path, &err);
	if (r >= 0)
		r = settings_check(&settings, &err);
	if (r < 0) {
		log_error("%s", err.text);
		return err_exit_code(r);
	}
	fputs(config_notes(settings.config), stderr);
	config_show(settings.config, &out);
	fputs(a.show ? out.data : "the configuration is fine\n", stdout);
	return EXIT_DONE;
}
