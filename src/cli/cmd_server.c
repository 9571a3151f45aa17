/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <signal.h>
#include <stdio.h>

#include "cleanup.h"
#include "cmd.h"
#include "log.h"
#include "loop.h"
#include "server.h"
#include "settings.h"

DEFINE_CLEANUP(struct loop *, loop, loop_free)
DEFINE_CLEANUP(struct server *, server, server_stop)

static const char doc[] = "Serves Gthulhu's API (v0.1.0) from this machine: POST /api/v1/auth/token, "
			  "GET and POST /api/v1/scheduling/strategies, GET /health. The first start "
			  "makes the key pair; whoever holds the public key may set strategies."
			  "\vtry: teide server --data /tmp/teide";

static const struct argp_option options[] = {
	{"listen", 'l', "ADDR:PORT", 0, "where to listen (127.0.0.1:8080); port 0: any free one", 0},
	{"data", 'd', "DIR", 0, "folder of the key pair (/var/lib/teide)", 0},
	{0},
};

struct arguments {
	const char *listen, *data;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	if (key == 'l')
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
	int r = settings_load(settings, NULL, err);

	if (r == 0 && a->listen)
		r = config_set(settings->config, "server.listen", a->listen, err);
	if (r == 0 && a->data)
		r = config_set(settings->config, "server.data", a->data, err);
	return r;
}

static void announce(const struct server *server)
{
	printf("listening on http://%s\npublic key: %s\n", server_address(server),
	       server_public_key_path(server));
	fflush(stdout);
	if (!server_is_local(server))
		log_warning("listening beyond this machine, in plain HTTP, for whoever has the "
			    "public key");
}

static int serve(struct loop *loop, const struct server_options *server_options, struct err *err)
{
	_cleanup_(cleanup_server) struct server *server = NULL;
	int r;

	signal(SIGPIPE, SIG_IGN);
	if (!loop_add_signal(loop, SIGTERM, on_signal, loop) ||
	    !loop_add_signal(loop, SIGINT, on_signal, loop))
		return err_set(err, -ENOMEM, "out of descriptors");
	r = server_start(&server, loop, server_options, err);
	if (r < 0)
		return r;
	announce(server);
	r = loop_run(loop);
	return r < 0 ? err_set(err, r, "event loop: %s", err_name(r)) : 0;
}

int cmd_server(int argc, char **argv)
{
	static const struct argp server_argp = {.options = options, .parser = parse, .doc = doc};
	_cleanup_(settings_free) struct settings settings = {0};
	_cleanup_(cleanup_loop) struct loop *loop = loop_new();
	struct arguments a = {0};
	struct err err = {0};
	int r;

	argp_parse(&server_argp, argc, argv, 0, NULL, &a);
	r = loop ? load(&settings, &a, &err) : err_set(&err, -ENOMEM, "out of memory");
	if (r == 0)
		r = serve(loop, config_get(settings.config, "server"), &err);
	if (r < 0) {
		log_error("%s", err.text);
		return err_exit_code(r);
	}
	return EXIT_DONE;
}
