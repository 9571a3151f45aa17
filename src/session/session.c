/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "log.h"
#include "ready.h"

static void on_end_signal(void *data, int signo)
{
	struct session *s = data;

	if (s->options.on_end_signal)
		s->options.on_end_signal(s->options.data);
	else
		session_stop(s, 0);
}

static void on_duration(void *data)
{
	session_stop(data, 0);
}

int session_open(struct session *s, const struct session_options *options, struct err *err)
{
	*s = (struct session){.options = *options};
	signal(SIGPIPE, SIG_IGN);
	s->loop = loop_new();
	if (!s->loop || !loop_add_end_signals(s->loop, on_end_signal, s))
		return err_set(err, -ENOMEM, "event loop: %s", strerror(errno));
	if (!options->duration_ns)
		return 0;
	s->end = loop_add_timer(s->loop, 0, 0, on_duration, s);
	return s->end ? 0 : err_set(err, -errno, "timer: %s", strerror(errno));
}

int session_start(struct session *s, const struct pipeline_options *options, struct err *err)
{
	return pipeline_start(&s->pipeline, s->loop, options, err);
}

void session_ready(const struct session *s)
{
	int r = s->options.ready_fd ? ready_write(s->options.ready_fd) : 0;

	if (r < 0)
		log_warning("--ready-fd %d: %s", s->options.ready_fd, err_name(r));
	r = s->options.notify ? ready_notify() : 0;
	if (r < 0)
		log_warning("NOTIFY_SOCKET: %s", err_name(r));
	r = s->end ? loop_set_timer(s->end, s->options.duration_ns, 0) : 0;
	if (r < 0)
		log_warning("--duration is not kept, end with Ctrl-C: %s", err_name(r));
}

int session_run(struct session *s, struct err *err)
{
	int r = 0;

	if (!s->stopped)
		r = loop_run(s->loop);
	if (s->stopped)
		return s->result;
	return err_set(err, r, "event loop: %s", err_name(r));
}

void session_stop(struct session *s, int result)
{
	s->stopped = true;
	s->result = result;
	loop_stop(s->loop, 0);
}

int session_finish(struct session *s, struct err *err)
{
	return pipeline_finish(s->pipeline, err);
}

void session_ledger(struct session *s, pipeline_ledger_fn fn, void *data)
{
	pipeline_ledger(s->pipeline, fn, data);
}

void session_close(struct session *s)
{
	pipeline_free(s->pipeline);
	loop_free(s->loop);
	*s = (struct session){0};
}
