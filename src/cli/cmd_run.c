/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "agent.h"
#include "args.h"
#include "cleanup.h"
#include "cmd.h"
#include "log.h"
#include "settings.h"
#include "tracer_input.h"

static const char doc[] =
	"The service: runs the probes, counts, finds the processes of the 5G functions "
	"and pushes scheduling strategies for them. Ends on SIGTERM, SIGINT, SIGHUP or SIGQUIT, taking all back.";

enum { KEY_READY_FD = 256 };

static const struct argp_option options[] = {
	{"input", 'I', "trace_pipe|FILE|-", 0,
	 "take what another tracer prints for evidence too: the kernel's trace_pipe, a file, standard "
	 "input",
	 0},
	{"ready-fd", KEY_READY_FD, "N", 0, "write the line \"ready\" to this descriptor when the hooks are attached",
	 0},
	{"output", 'o', "none|text|json", 0, "counts and events to standard output, as run.output", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct arguments {
	struct settings_flags settings;
	const char *input, *output;
	int ready_fd;
};

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = &a->settings;
	else if (key == 'I')
		a->input = arg;
	else if (key == 'o')
		a->output = arg;
	else if (key == KEY_READY_FD)
		a->ready_fd = args_ready_fd(state, arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static void log_notes(const char *notes)
{
	for (const char *end; (end = strchr(notes, '\n')); notes = end + 1)
		log_info("%.*s", (int)(end - notes), notes);
}

int cmd_run(int argc, char **argv)
{
	static const struct argp run_argp = {.options = options, .parser = parse_run, .doc = doc, .children = children};
	_cleanup_(settings_free) struct settings settings = {0};
	struct arguments a = {0};
	struct err err = {0};
	int r;

	args_parse(&run_argp, argc, argv, &a);
	r = settings_flags_load(&a.settings, &settings, &err);
	settings_flags_free(&a.settings);
	if (r >= 0 && a.output)
		r = config_set(settings.config, "run.output", a.output, &err);
	if (r >= 0 && a.input)
		r = add_tracer_input(&settings, "trace_pipe", a.input, &err);
	if (r >= 0) {
		log_set_level(settings_run(&settings)->log_level);
		log_notes(config_notes(settings.config));
		r = agent_run(&settings, a.ready_fd, &err);
	}
	return args_exit(r, &err);
}
