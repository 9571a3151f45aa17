/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "watch.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#define LAST_PATIENCE_NS (5 * NSEC_PER_SEC)

void watch_flush(struct watch *w)
{
	if (sink_flush(w->sink) < 0)
		session_stop(&w->session, 0);
}

static void print_ledger(void *data, const char *probe, const struct ledger_row *row)
{
	struct watch *w = data;

	sink_ledger(w->sink, probe, row);
}

/* Writes the last events and the ledger. *ret_left: 0, or why a hook stays. */
static int finish_watch(struct watch *w, void *data, int *ret_left, struct err *err)
{
	sink_set_patience(w->sink, LAST_PATIENCE_NS);
	*ret_left = session_finish(&w->session, err);
	if (w->on_finished)
		w->on_finished(data);
	session_ledger(&w->session, print_ledger, w);
	return sink_flush(w->sink);
}

static int start_watch(struct watch *w, const struct pipeline_options *handlers, struct err *err)
{
	const struct watch_task *task = w->task;
	struct pipeline_options options = *handlers;
	char node[NODE_NAME_MAX];
	const struct session_options session = {.duration_ns = task->duration_ns, .ready_fd = task->ready_fd};
	int r = session_open(&w->session, &session, err);

	if (r < 0)
		return r;
	w->sink = sink_new(task->format, STDOUT_FILENO, settings_node(task->settings, node));
	if (!w->sink)
		return err_oom(err);
	options.config = task->settings->config;
	options.probes = &task->probes;
	options.attach = task->attach;
	options.collect_interval_ns = settings_run(task->settings)->collect_interval_ns;
	return session_start(&w->session, &options, err);
}

int watch_run(struct watch *w, const struct watch_task *task, const struct pipeline_options *handlers, struct err *err)
{
	struct err why_left = {0};
	int r, written, left;

	w->task = task;
	r = start_watch(w, handlers, err);
	if (r < 0)
		return r;
	log_info("watching; Ctrl-C ends");
	session_ready(&w->session);
	r = session_run(&w->session, err);
	written = finish_watch(w, handlers->data, &left, &why_left);
	if (r == 0 && left < 0)
		r = err_set(err, left, "%s", why_left.text);
	/* A reader that closed the pipe has seen enough. */
	if (r == 0 && written < 0 && written != -EPIPE)
		r = err_set(err, -EIO, "standard output: %s", sink_trouble(written));
	return r;
}

void watch_free(struct watch *w)
{
	sink_free(w->sink);
	session_close(&w->session);
}
