/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "argument_text.h"
#include "cleanup.h"
#include "cmd.h"
#include "decide.h"
#include "sched_audit.h"
#include "sched_local.h"
#include "sched_preview.h"
#include "sched_show.h"
#include "settings.h"
#include "tracer_input.h"

static const char doc[] = "preview: which processes would get a strategy, which not, and why; nothing is "
			  "done.\n"
			  "apply: boosts their threads once, by this kernel's scheduler (section local); "
			  "it stays so until withdraw, clean, or a start of the service.\n"
			  "withdraw: puts back what apply or a killed service has boosted, and takes back what a "
			  "killed service left at an API server; with -c, --set or --url also at that server, "
			  "where nothing on this node tells of it.\n"
			  "show: the strategies that the API server holds, read with a token for its "
			  "public key; of a manager, this user's rules. COMM is told for a server on "
			  "this machine only. With sched.backend local: what is boosted here.\n"
			  "audit: each thread that preview would boost, beside what the server lists and what this "
			  "kernel boosts; exits 1 where they differ."
			  "\vJSON: one line each, {schema, node, ts, event, ...}: of preview the events process and "
			  "strategy, and summary at the end; of apply and withdraw one, apply and withdraw; of show "
			  "strategy, with a manager manager_rule, with sched.backend local boost; of "
			  "audit the event audit, and summary at the end.\n"
			  "try: teide sched show --url http://127.0.0.1:8080 --public-key "
			  "/var/lib/teide/public_key.pem\n"
			  "     teide sched preview --input trace_pipe";

static const char *const verbs[] = {"preview", "apply", "withdraw", "show", "audit"};

static const struct argp_option options[] = {
	{"url", 'u', "URL", 0, "the API server", 0},
	{"public-key", 'k', "PATH", 0, "PEM file of the API server's public key", 0},
	{"input", 'I', "trace_pipe|FILE|-", 0,
	 "preview, audit: take what another tracer prints for evidence too: the kernel's trace_pipe, a file, "
	 "standard input",
	 0},
	{"duration", 'd', "TIME", 0, "preview, audit: how long to watch, else as long as the strategy needs to decide",
	 0},
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct arguments {
	struct settings_flags settings;
	const char *verb, *url, *key, *input, *duration;
	bool json;
};

static void take_verb(struct arguments *a, const char *word, const struct argp_state *state)
{
	char hint[ARGS_HINT_MAX];

	if (a->verb)
		args_error(state, "'%s' is one word too many; '%s --help' tells more", word, state->name);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(word, verbs[i]))
			a->verb = verbs[i];
	if (!a->verb)
		args_error(state, "no verb '%s';%s '%s --help' lists them", word,
			   args_hint(word, verbs, ARRAY_SIZE(verbs), hint), state->name);
}

static error_t parse_sched(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = &a->settings;
	else if (key == 'u')
		a->url = arg;
	else if (key == 'k')
		a->key = arg;
	else if (key == 'o')
		a->json = args_json(state, arg);
	else if (key == 'I')
		a->input = arg;
	else if (key == 'd')
		a->duration = arg;
	else if (key == ARGP_KEY_ARG)
		take_verb(a, arg, state);
	else if (key == ARGP_KEY_END && !a->verb)
		args_error(state, "what to do? 'teide sched preview' shows what would be done");
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static int load_settings(struct settings *settings, const struct arguments *a, struct err *err)
{
	int r = settings_flags_load(&a->settings, settings, err);

	if (r == 0 && a->url)
		r = config_set(settings->config, "api.url", a->url, err);
	if (r == 0 && a->key)
		r = config_set(settings->config, "api.public_key_path", a->key, err);
	return r;
}

static bool names_server(const struct arguments *a)
{
	return a->settings.path || a->settings.keys.len || a->url;
}

/* Exits with 1 where a thread is not as intended. */
static int run_watching(const struct arguments *a, struct settings *settings, struct err *err)
{
	int r = a->input ? add_tracer_input(settings, "trace_pipe", a->input, err) : 0;
	uint64_t ns = 0;
	bool differs = false;

	if (r >= 0 && a->duration)
		r = read_duration_flag(a->duration, &ns, err);
	if (r >= 0 && !strcmp(a->verb, "preview"))
		return sched_preview(settings, ns, a->json, err);
	if (r >= 0)
		r = sched_audit(settings, ns, a->json, &differs, err);
	return r >= 0 && differs ? EXIT_FAILED : r;
}

static int run_sched(const struct arguments *a, struct err *err)
{
	_cleanup_(settings_free) struct settings settings = {0};
	const struct sched_options *sched;
	int r = load_settings(&settings, a, err);

	if (r < 0)
		return r;
	fputs(config_notes(settings.config), stderr);
	sched = config_get(settings.config, "sched");
	if (!strcmp(a->verb, "preview") || !strcmp(a->verb, "audit"))
		return run_watching(a, &settings, err);
	if (!strcmp(a->verb, "apply"))
		return sched_apply(&settings, a->json, err);
	if (!strcmp(a->verb, "withdraw"))
		return sched_withdraw(&settings, a->json, names_server(a), err);
	if (sched->backend == SCHED_LOCAL)
		return sched_show_local(&settings, a->json, err);
	return sched_show_api(&settings, a->json, err);
}

int cmd_sched(int argc, char **argv)
{
	static const struct argp sched_argp = {.options = options,
					       .parser = parse_sched,
					       .args_doc = "preview|apply|withdraw|show|audit",
					       .doc = doc,
					       .children = children};
	struct arguments a = {0};
	struct err err = {0};
	int r;

	args_parse(&sched_argp, argc, argv, &a);
	signal(SIGPIPE, SIG_IGN); /* a TLS connection that the server closed */
	r = run_sched(&a, &err);
	settings_flags_free(&a.settings);
	return r > 0 ? r : args_exit(r, &err);
}
