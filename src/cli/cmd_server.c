/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <assert.h>

#include "args.h"
#include "cleanup.h"
#include "cmd.h"
#include "serve.h"
#include "settings.h"
#include "store.h"
#include "strategy.h"

static_assert(STORE_MAX <= STRATEGY_MAX, "what the server takes, teide sched show can show");

const char cmd_server_help[] = "an API server that speaks Gthulhu's API, for one machine";

static const char doc[] = "Serves Gthulhu's API (v0.1.0) from this machine: POST /api/v1/auth/token, "
			  "GET and POST /api/v1/scheduling/strategies, GET /health. The first start "
			  "makes the key pair; every holder of the public key may set strategies."
			  "\vJSON: {schema, node, ts, event: listening, url, public_key}\n"
			  "try: teide server --data ./api-server";

enum { KEY_READY_FD = 256 };

static const struct argp_option options[] = {
	{"listen", 'l', "ADDR:PORT", 0, "where to listen (127.0.0.1:8080); port 0: any free one", 0},
	{"data", 'd', "DIR", 0, "folder of the key pair (/var/lib/teide)", 0},
	{"ready-fd", KEY_READY_FD, "N", 0, "write the line \"ready\" to this descriptor when it listens", 0},
	{"output", 'o', "text|json", 0, "how to write where it listens", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct arguments {
	struct settings_flags settings;
	const char *listen, *data;
	bool json;
	int ready_fd;
};

static error_t parse_server(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = &a->settings;
	else if (key == 'o')
		a->json = args_json(state, arg);
	else if (key == KEY_READY_FD)
		a->ready_fd = args_ready_fd(state, arg);
	else if (key == 'l')
		a->listen = arg;
	else if (key == 'd')
		a->data = arg;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static int load_settings(struct settings *settings, const struct arguments *a, struct err *err)
{
	int r = settings_flags_load(&a->settings, settings, err);

	if (r == 0 && a->listen)
		r = config_set(settings->config, "server.listen", a->listen, err);
	if (r == 0 && a->data)
		r = config_set(settings->config, "server.data", a->data, err);
	return r;
}

int cmd_server(int argc, char **argv)
{
	static const struct argp server_argp = {
		.options = options, .parser = parse_server, .doc = doc, .children = children};
	_cleanup_(settings_free) struct settings settings = {0};
	struct serve_task task = {0};
	struct arguments a = {0};
	char node[NODE_NAME_MAX];
	struct err err = {0};
	int r;

	args_parse(&server_argp, argc, argv, &a);
	r = load_settings(&settings, &a, &err);
	settings_flags_free(&a.settings);
	if (r == 0) {
		task.options = config_get(settings.config, "server");
		task.node = settings_node(&settings, node);
		task.json = a.json;
		task.ready_fd = a.ready_fd;
		r = serve(&task, &err);
	}
	return args_exit(r, &err);
}
