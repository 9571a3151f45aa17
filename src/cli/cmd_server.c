/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cleanup.h"
#include "cmd.h"
#include "json_line.h"
#include "escape.h"
#include "log.h"
#include "loop.h"
#include "privileges.h"
#include "server.h"
#include "settings.h"
#include "store.h"
#include "strategy.h"

DEFINE_CLEANUP(struct loop *, loop, loop_free)
DEFINE_CLEANUP(struct server *, server, server_stop)

static_assert(STORE_MAX <= STRATEGY_MAX, "what the server takes, teide sched show can show");

static const char doc[] = "Serves Gthulhu's API (v0.1.0) from this machine: POST /api/v1/auth/token, "
			  "GET and POST /api/v1/scheduling/strategies, GET /health. The first start "
			  "makes the key pair; every holder of the public key may set strategies."
			  "\vJSON: {schema, node, ts, event: listening, url, public_key}\n"
			  "try: teide server --data ./api-server";

static const struct argp_option options[] = {
	{"listen", 'l', "ADDR:PORT", 0, "where to listen (127.0.0.1:8080); port 0: any free one", 0},
	{"data", 'd', "DIR", 0, "folder of the key pair (/var/lib/teide)", 0},
	{"output", 'o', "text|json", 0, "how to write where it listens", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct arguments {
	struct settings_flags settings;
	const char *listen, *data;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = &a->settings;
	else if (key == 'o')
		a->json = args_json(state, arg);
	else if (key == 'l')
		a->listen = arg;
	else if (key == 'd')
		a->data = arg;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static void on_signal(void *data, int signo)
{
	loop_stop(data, 0);
}

static int load(struct settings *settings, const struct arguments *a, struct err *err)
{
	int r = settings_flags_load(&a->settings, settings, err);

	if (r == 0 && a->listen)
		r = config_set(settings->config, "server.listen", a->listen, err);
	if (r == 0 && a->data)
		r = config_set(settings->config, "server.data", a->data, err);
	return r;
}

static void announce_json(const struct server *server, const struct settings *settings)
{
	char node[NODE_NAME_MAX], url[160];
	struct json_line line;
	struct jw *j = json_line_begin(&line, settings_node(settings, node), "listening");

	snprintf(url, sizeof(url), "http://%s", server_address(server));
	jw_string(j, "url", url);
	jw_string(j, "public_key", server_public_key_path(server));
	json_line_end(&line);
}

static void announce(const struct server *server, const struct settings *settings, bool json)
{
	_cleanup_(buf_free) struct buf path = {0};

	escape_text(&path, server_public_key_path(server));
	if (json)
		announce_json(server, settings);
	else
		printf("listening on http://%s\npublic key: %s\n", server_address(server), path.data ?: "");
	fflush(stdout);
	if (!server_is_local(server))
		log_warning("listening beyond this machine, in plain HTTP, for every holder of "
			    "the public key");
}

static int serve(struct loop *loop, const struct settings *settings, bool json, struct err *err)
{
	_cleanup_(cleanup_server) struct server *server = NULL;
	int r;

	signal(SIGPIPE, SIG_IGN);
	if (!loop_add_end_signals(loop, on_signal, loop))
		return err_set(err, -errno, "event loop: %s", strerror(errno));
	r = server_start(&server, loop, config_get(settings->config, "server"), err);
	/* After the start: a low port and the data folder may need capabilities. */
	if (r == 0)
		r = privileges_drop(err);
	if (r < 0)
		return r;
	announce(server, settings, json);
	r = loop_run(loop);
	return r < 0 ? err_set(err, r, "event loop: %s", err_name(r)) : 0;
}

int cmd_server(int argc, char **argv)
{
	static const struct argp server_argp = {.options = options, .parser = parse, .doc = doc,
					.children = children};
	_cleanup_(settings_free) struct settings settings = {0};
	_cleanup_(cleanup_loop) struct loop *loop = loop_new();
	struct arguments a = {0};
	struct err err = {0};
	int r;

	args_parse(&server_argp, argc, argv, &a);
	r = loop ? load(&settings, &a, &err) : err_set(&err, -ENOMEM, "out of memory");
	if (r == 0)
		r = serve(loop, &settings, a.json, &err);
	settings_flags_free(&a.settings);
	if (r < 0) {
		log_error("%s", err.text);
		return err_exit_code(r);
	}
	return EXIT_DONE;
}
