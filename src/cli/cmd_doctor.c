/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "buf.h"
#include "cleanup.h"
#include "cmd.h"
#include "doctor.h"
#include "log.h"
#include "settings.h"

static const char doc[] =
	"What of teide works on this node, what does not and why, what beside it breaks sessions, and "
	"what to do about each. Features and hooks are tried for real; nothing stays.\v"
	"State: ok; info (nothing to mend); limited (works with less, or packets are lost beside it); "
	"missing (not shown here).\n"
	"Exit code: 0 usable, 4 limited, 3 unusable; 1 and 2 for errors of the command itself.\n"
	"JSON: {teide, node, kernel, verdict: usable|limited|unusable, left_out, checks: [{id, group: "
	"kernel|rights|modules|functions|network|scheduler|api, what, state, netns, detail, do}]}; a "
	"key that has nothing to say is absent. Functions are function.MODULE.NAME, with the method of "
	"their hook or why there is none, and what they show.\n"
	"The API server is asked when -c or TEIDE_API_URL names one.";

static const struct argp_option options[] = {
	{"config", 'c', "FILE", 0, "configuration file; its section api names the API server", 0},
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

struct arguments {
	const char *path;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == 'c')
		a->path = arg;
	else if (key == 'o' && (!strcmp(arg, "json") || !strcmp(arg, "text")))
		a->json = !strcmp(arg, "json");
	else if (key == 'o')
		argp_error(state, "no output form '%s': text or json", arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static const struct gthulhu_options *named_api(const struct settings *settings, const char *path)
{
	const struct gthulhu_options *api = config_get(settings->config, "api");

	if (!api->enabled || (!path && !getenv("TEIDE_API_URL") && !getenv("API_ENDPOINT")))
		return NULL;
	return api;
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

int cmd_doctor(int argc, char **argv)
{
	static const struct argp doctor_argp = {.options = options, .parser = parse, .doc = doc};
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

	argp_parse(&doctor_argp, argc, argv, 0, NULL, &a);
	r = settings_load(&settings, a.path, &err);
	if (r < 0) {
		log_error("%s", err.text);
		return err_exit_code(r);
	}
	options.config = settings.config;
	options.api = named_api(&settings, a.path);
	doctor_run(&options, &report);
	return write_report(&report, &settings, a.json) ?: codes[report_verdict(&report)];
}
