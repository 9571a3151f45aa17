/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules_list.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "log.h"
#include "rules_live.h"
#include "rules_scan.h"
#include "rules_show.h"
#include "session.h"

struct follow {
	const struct rules_task *task;
	struct session session; /* without a pipeline, changes are polled */
	struct rules_live *live;
	char node[NODE_NAME_MAX];
	int64_t boot_to_real_ns;
};

/* 0 or -errno: the output is closed. */
static int write_out(const struct buf *out)
{
	if (out->failed)
		return -ENOMEM;
	if (!out->len)
		return 0;
	if (fwrite(out->data, 1, out->len, stdout) != out->len || fflush(stdout) == EOF)
		return -errno;
	return 0;
}

static void on_change(const struct rules_change *change, void *data)
{
	struct follow *f = data;
	_cleanup_(buf_free) struct buf out = {0};
	struct rules_moment at = {f->node, clock_real_ns()};
	int r;

	if (change->cause)
		at.real_ns = change->cause->event->ts_ns + (uint64_t)f->boot_to_real_ns;
	if (f->task->json)
		rules_change_json(rules_live_rules(f->live), change, &at, &out);
	else
		rules_change_text(rules_live_rules(f->live), change, at.real_ns, &out);
	r = write_out(&out);
	if (r < 0)
		session_stop(&f->session, r == -EPIPE ? 0 : r);
}

static void on_event(void *data, const struct event *e)
{
	struct follow *f = data;

	rules_live_take(f->live, e);
}

static void on_row(void *data, const struct event *e)
{
}

static bool on_drained(void *data, uint64_t complete_ns)
{
	struct follow *f = data;

	return !rules_live_settle(f->live, complete_ns, on_change, f);
}

static void on_timer(void *data)
{
	struct follow *f = data;
	struct err err = {0};

	/* When the named namespace has gone, it may come back: what was known stays. */
	if (rules_live_scan(f->live, &err) < 0)
		log_debug("%s", err.text);
	/* Without a probe no request is seen. */
	if (!f->session.pipeline)
		rules_live_settle(f->live, UINT64_MAX, on_change, f);
}

/* Only requests are wanted: no packet takes as long as the filter asks. */
static int start_probe(struct follow *f, struct err *err)
{
	static char *gtpu[] = {"gtpu", NULL};
	const struct string_list probes = {gtpu, 1};
	int r = config_set(f->task->settings->config, "probes.gtpu.module", "gtp5g", err);
	if (r >= 0)
		r = config_set(f->task->settings->config, "probes.gtpu.slower_than", "1000000s", err);
	if (r < 0)
		return r;
	const struct pipeline_options o = {.config = f->task->settings->config,
					   .probes = &probes,
					   .events = true,
					   .collect_interval_ns = settings_run(f->task->settings)->collect_interval_ns,
					   .on_event = on_event,
					   .on_row = on_row,
					   .on_drained = on_drained,
					   .data = f};

	return session_start(&f->session, &o, err);
}

static int follow(struct follow *f, struct err *err)
{
	struct err why = {0};
	int r;

	f->boot_to_real_ns = clock_boot_to_real_ns();
	r = session_open(&f->session, &(struct session_options){.ready_fd = f->task->ready_fd}, err);
	if (r < 0)
		return r;
	if (!loop_add_timer(f->session.loop, NSEC_PER_SEC, NSEC_PER_SEC, on_timer, f))
		return err_set(err, -errno, "timer: %s", strerror(errno));
	if (start_probe(f, &why) < 0)
		log_warning("changes are looked for once a second, and several within it seen as one: "
			    "%s",
			    why.text);
	else
		log_info("each change is seen as it is made; Ctrl-C ends");
	session_ready(&f->session);
	r = session_run(&f->session, err);
	return r < 0 && f->session.stopped ? err_set(err, r, "writing the rules: %s", err_name(r)) : r;
}

static int list(struct follow *f, struct err *err)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct rules *rules;
	int r = rules_scan(f->task->netns, NULL, &rules, err);

	if (r >= 0)
		r = rules_live_of(&f->live, f->task->netns, rules, err);
	if (r < 0)
		return r;
	if (f->task->json)
		rules_json(rules_live_rules(f->live), f->node, &out);
	else
		rules_text(rules_live_rules(f->live), &out);
	r = write_out(&out);
	if (r < 0)
		return r == -EPIPE ? 0 : err_set(err, r, "writing the rules: %s", err_name(r));
	return f->task->follow ? follow(f, err) : 0;
}

int rules_list(const struct rules_task *task, struct err *err)
{
	struct follow f = {.task = task};
	int r;

	signal(SIGPIPE, SIG_IGN);
	settings_node(task->settings, f.node);
	r = list(&f, err);
	session_close(&f.session);
	rules_live_free(f.live);
	return r;
}
