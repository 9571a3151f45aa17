/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "args.h"
#include "buf.h"
#include "cleanup.h"
#include "cmd.h"
#include "json_line.h"
#include "settings.h"

static const char doc[] =
	"Checks the configuration and shows it as it is in force, each value with its meaning and where it "
	"came from.\v"
	"JSON: {schema, node, ts, event: config, settings: [{key, value, from}]}; settings is there with --show. "
	"Times and sizes are text with their unit, as in the file.";

static const struct argp_option options[] = {
	{"show", 's', NULL, 0, "show it (without: only check)", 0},
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct arguments {
	struct settings_flags settings;
	bool show, json;
};

static error_t parse_config(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = &a->settings;
	else if (key == 's')
		a->show = true;
	else if (key == 'o')
		a->json = args_json(state, arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static void print_json(const struct settings *settings, bool show)
{
	char node[NODE_NAME_MAX];
	struct json_line line;
	struct jw *j = json_line_begin(&line, settings_node(settings, node), "config");

	if (show)
		config_show_json(settings->config, j);
	json_line_end(&line);
}

static void print_text(const struct settings *settings, bool show)
{
	_cleanup_(buf_free) struct buf out = {0};

	config_show(settings->config, &out);
	fputs(show ? out.data : "the configuration is fine\n", stdout);
}

int cmd_config(int argc, char **argv)
{
	static const struct argp config_argp = {
		.options = options, .parser = parse_config, .doc = doc, .children = children};
	_cleanup_(settings_free) struct settings settings = {0};
	struct arguments a = {0};
	struct err err = {0};
	int r;

	args_parse(&config_argp, argc, argv, &a);
	r = settings_flags_load(&a.settings, &settings, &err);
	settings_flags_free(&a.settings);
	if (r >= 0)
		r = settings_check(&settings, &err);
	if (r < 0)
		return args_exit(r, &err);
	fputs(config_notes(settings.config), stderr);
	(a.json ? print_json : print_text)(&settings, a.show);
	return EXIT_DONE;
}
