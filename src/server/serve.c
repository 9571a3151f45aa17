/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "serve.h"

#include <stdio.h>

#include "cleanup.h"
#include "escape.h"
#include "json_line.h"
#include "log.h"
#include "privileges.h"
#include "session.h"

DEFINE_CLEANUP(struct server *, server, server_stop)

static void announce_json(const struct server *server, const char *node)
{
	char url[160];
	struct json_line line;
	struct jw *j = json_line_begin(&line, node, "listening");

	snprintf(url, sizeof(url), "http://%s", server_address(server));
	jw_string(j, "url", url);
	jw_string(j, "public_key", server_public_key_path(server));
	json_line_end(&line);
}

static void announce(const struct server *server, const char *node, bool json)
{
	_cleanup_(buf_free) struct buf path = {0};

	escape_text(&path, server_public_key_path(server));
	if (json)
		announce_json(server, node);
	else
		printf("listening on http://%s\npublic key: %s\n", server_address(server), path.data ?: "");
	fflush(stdout);
	if (!server_is_local(server))
		log_warning("listening beyond this machine, in plain HTTP, for every holder of "
			    "the public key");
}

static int run_server(struct session *session, const struct serve_task *task, struct err *err)
{
	_cleanup_(cleanup_server) struct server *server = NULL;
	int r = server_start(&server, session->loop, task->options, err);

	/* After the start: a low port and the data folder may need capabilities. */
	if (r == 0)
		r = privileges_drop(err);
	if (r < 0)
		return r;
	announce(server, task->node, task->json);
	session_ready(session);
	return session_run(session, err);
}

int serve(const struct serve_task *task, struct err *err)
{
	struct session session;
	int r = session_open(&session, &(struct session_options){.ready_fd = task->ready_fd, .notify = true}, err);

	if (r == 0)
		r = run_server(&session, task, err);
	session_close(&session);
	return r;
}
