/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "args.h"
#include "buf.h"
#include "cleanup.h"
#include "cmd.h"
#include "decide.h"
#include "doctor.h"
#include "identity.h"
#include "log.h"
#include "settings.h"

static const char doc[] =
	"What of teide works on this node, what does not and why, what beside it breaks sessions, and "
	"what to do about each. Features and hooks are tried for real; nothing stays.\v"
	"State: ok; info (nothing to mend); limited (works with less, or packets are lost beside it); "
	"missing (not shown here).\n"
	"Exit code: 0 usable, 4 limited, 3 unusable; 1 and 2 for errors of the command itself.\n"
	"JSON: {schema, node, ts, event: doctor, teide, kernel, verdict: usable|limited|unusable, left_out, checks: [{id, group: "
	"kernel|rights|modules|functions|network|scheduler|api, what, state, netns, detail, do}]}; a "
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

/* The API server that strategies go to, or why none is asked. */
static void choose_api(struct doctor_options *o, const struct settings *settings,
		       const struct settings_flags *flags)
{
	const struct gthulhu_options *api = config_get(settings->config, "api");
	const struct sched_options *sched = config_get(settings->config, "sched");

	if (sched->backend == SCHED_LOCAL || sched->backend == SCHED_NONE)
		o->no_api = sched->backend == SCHED_LOCAL ? "not needed: sched.backend is local"
							   : "not needed: sched.backend is none";
	else if (!api->enabled)
		o->no_api = "not needed: api.enabled is false";
	else if (!names_api(flags))
		o->no_api = "not asked: no configuration names one";
	else
		o->api = api;
}

static int write_report(const struct report *report, const struct settings *settings, bool json)
{
	_cleanup_(buf_free) struct buf out = {0};
	char node[NODE_NAME_MAX];
	struct utsname uts = {0};

	uname(&uts);
	const struct report_heading heading = {
		.version = TEIDE_VERSION, .node = settings_node(settings, node), .kernel = uts.release};

	(json ? report_json : report_text)(report, &heading, &out);
	if (out.failed || fputs(out.data, stdout) == EOF || fflush(stdout) == EOF) {
		log_error("the findings could not be written");
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

static void diagnose(struct doctor_options *o, const struct settings *settings, struct report *ret)
{
	struct identity *identity = identity_new(config_get(settings->config, "containers"));

	o->config = settings->config;
	o->containers = identity ? identity_containers(identity) : NULL;
	doctor_run(o, ret);
	identity_free(identity);
}

int cmd_doctor(int argc, char **argv)
{
	static const struct argp doctor_argp = {.options = options, .parser = parse_doctor, .doc = doc,
					.children = children};
	static const int codes[] = {
		[REPORT_USABLE] = EXIT_DONE,
		[REPORT_LIMITED] = EXIT_LIMITED,
		[REPORT_UNUSABLE] = EXIT_UNSUPPORTED,
	};
	_cleanup_(settings_free) struct settings settings = {0};
	_cleanup_(report_free) struct report report = {0};
	struct doctor_options options = {.root = ""};
	struct arguments a = {0};
	struct err err = {0};
	int r;

	args_parse(&doctor_argp, argc, argv, &a);
	r = settings_flags_load(&a.settings, &settings, &err);
	if (r < 0) {
		settings_flags_free(&a.settings);
		return args_exit(r, &err);
	}
	choose_api(&options, &settings, &a.settings);
	settings_flags_free(&a.settings);
	diagnose(&options, &settings, &report);
	return write_report(&report, &settings, a.json) ?: codes[report_verdict(&report)];
}
