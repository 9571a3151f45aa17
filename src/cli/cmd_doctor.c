/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cleanup.h"
#include "cmd.h"
#include "doctor_answer.h"

static const char doc[] =
	"What of teide works on this node, what does not and why, what beside it breaks sessions, and "
	"what to do about each. Features and hooks are tried for real; nothing stays.\v"
	"State: ok; info (nothing to mend); limited (works with less, or packets are lost beside it); "
	"missing (not shown here).\n"
	"Exit code: 0 usable, 4 limited, 3 unusable; 1 and 2 for errors of the command itself.\n"
	"JSON: {schema, node, ts, event: doctor, teide, kernel, verdict: usable|limited|unusable, left_out, checks: "
	"[{id, group: "
	"kernel|rights|modules|functions|network|containers|scheduler|api, what, state, netns, detail, do}]}; a "
	"key that has nothing to say is absent. Functions are function.MODULE.NAME, with the method of "
	"their hook or why there is none, and what they show.\n"
	"The API server is asked when -c, --set or TEIDE_API_URL names one, and strategies go to it.";

static const struct argp_option options[] = {
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct arguments {
	struct settings_flags settings;
	bool json;
};

static error_t parse_doctor(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = &a->settings;
	else if (key == 'o')
		a->json = args_json(state, arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static bool names_api(const struct settings_flags *flags)
{
	bool named = flags->path || getenv("TEIDE_API_URL") || getenv("API_ENDPOINT");

	for (size_t i = 0; i < flags->keys.len; i++)
		named |= !strncmp(flags->keys.items[i], "api.", strlen("api."));
	return named;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct argp doctor_argp = {
		.options = options, .parser = parse_doctor, .doc = doc, .children = children};
	static const int codes[] = {
		[REPORT_USABLE] = EXIT_DONE,
		[REPORT_LIMITED] = EXIT_LIMITED,
		[REPORT_UNUSABLE] = EXIT_UNSUPPORTED,
	};
	_cleanup_(settings_free) struct settings settings = {0};
	enum report_verdict verdict = REPORT_USABLE;
	struct doctor_task task = {.settings = &settings, .version = TEIDE_VERSION};
	struct arguments a = {0};
	struct err err = {0};
	int r;

	args_parse(&doctor_argp, argc, argv, &a);
	r = settings_flags_load(&a.settings, &settings, &err);
	task.names_api = names_api(&a.settings);
	task.json = a.json;
	settings_flags_free(&a.settings);
	if (r == 0)
		r = doctor_answer(&task, &verdict, &err);
	return r < 0 ? args_exit(r, &err) : codes[verdict];
}
