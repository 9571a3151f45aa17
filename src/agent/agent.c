/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "agent.h"

#include <errno.h>
#include <unistd.h>

#include "backend_choice.h"
#include "clock.h"
#include "decide.h"
#include "log.h"
#include "boost_loop.h"
#include "rule_watch.h"
#include "session.h"
#include "sink.h"

#define WITHDRAW_DEADLINE_NS (5 * NSEC_PER_SEC)
#define OUTPUT_PATIENCE_NS (5 * NSEC_PER_SEC) /* the strategies wait meanwhile */

struct agent {
	struct session session;
	struct boost_loop *boost_loop; /* NULL: no strategies wanted */
	struct sink *sink;	       /* NULL: no output wanted */
	struct string_list probes;
	struct rule_watch rules;
	bool ending, is_withdrawn; /* is_withdrawn: or it was tried */
	int withdrawn;		   /* 0, or -errno: the strategies are still in force */
};

static void on_event(void *data, const struct event *e)
{
	struct agent *a = data;

	if (a->boost_loop && boost_loop_event(a->boost_loop, e))
		return;
	if (a->sink && !rule_watch_take(&a->rules, e))
		sink_event(a->sink, e);
}

static void on_rule(void *data, const struct event *e)
{
	struct agent *a = data;

	if (a->sink)
		sink_event(a->sink, e);
}

static void on_row(void *data, const struct event *row)
{
	struct agent *a = data;

	if (a->boost_loop)
		boost_loop_row(a->boost_loop, row);
	if (a->sink)
		sink_event(a->sink, row);
}

static void flush(void *data)
{
	struct agent *a = data;

	int r = a->sink ? sink_flush(a->sink) : 0;

	if (r < 0) {
		log_error("standard output: %s; going on without", sink_trouble(r));
		sink_free(a->sink);
		a->sink = NULL;
	}
}

static bool on_drained(void *data, uint64_t complete_ns)
{
	struct agent *a = data;
	bool settled = rule_watch_settle(&a->rules, complete_ns);

	flush(a);
	return !settled;
}

static void on_collected(void *data, uint64_t now_ns)
{
	struct agent *a = data;

	rule_watch_collected(&a->rules);
	if (a->boost_loop && !a->ending) {
		boost_loop_tick(a->boost_loop, now_ns);
		boost_loop_watch(a->boost_loop, a->session.pipeline);
	}
	flush(a);
}

static void on_withdrawn(void *data, int r)
{
	struct agent *a = data;

	a->withdrawn = r;
	a->is_withdrawn = true;
	session_stop(&a->session, 0);
}

static void on_end_signal(void *data)
{
	struct agent *a = data;

	if (a->ending) {
		on_withdrawn(a, -EINTR);
		return;
	}
	a->ending = true;
	log_info("ending");
	if (a->boost_loop)
		boost_loop_withdraw(a->boost_loop, WITHDRAW_DEADLINE_NS, on_withdrawn, a);
	else
		session_stop(&a->session, 0);
}

static void print_ledger(void *data, const char *probe, const struct ledger_row *row)
{
	struct agent *a = data;

	if (a->sink)
		sink_ledger(a->sink, probe, row);
}

/* Without a probe the collection still ticks: /proc alone tells which process holds which socket. */
static int check_purpose(const struct agent *a, struct err *err)
{
	if (pipeline_probes(a->session.pipeline))
		return 0;
	if (!a->boost_loop)
		return err_set(err, -EOPNOTSUPP,
			       "no probe runs on this node with this configuration, and strategies "
			       "are off: nothing to do");
	log_warning("no probe runs: processes are found by /proc alone (names, sockets, TUN devices)");
	return 0;
}

static int start(struct agent *a, const struct settings *settings, int ready_fd, struct err *err)
{
	const struct run_options *run = settings_run(settings);
	const struct sched_options *sched = config_get(settings->config, "sched");
	char node[NODE_NAME_MAX];
	const struct session_options session = {
		.on_end_signal = on_end_signal, .data = a, .ready_fd = ready_fd, .notify = true};
	int r = session_open(&a->session, &session, err);
	const struct pipeline_options options = {
		.config = settings->config,
		.probes = &a->probes,
		.events = run->output != RUN_OUTPUT_NONE && run->events == RUN_EVENTS_ALL,
		.newcomers = run->strategies && backend_is_wanted(settings),
		.notable = run->output != RUN_OUTPUT_NONE && run->events == RUN_EVENTS_NOTABLE,
		.go_on_without = true,
		.collect_interval_ns = run->collect_interval_ns,
		.on_event = on_event,
		.on_row = on_row,
		.on_drained = on_drained,
		.on_collected = on_collected,
		.data = a};

	if (r < 0)
		return r;
	if (settings_probes(settings, sched->strategy == SCHED_ADAPTIVE, &a->probes) < 0)
		return err_oom(err);
	if (run->output != RUN_OUTPUT_NONE) {
		a->sink = sink_new(run->output == RUN_OUTPUT_JSON ? SINK_JSON : SINK_TEXT, STDOUT_FILENO,
				   settings_node(settings, node));
		if (!a->sink)
			return err_oom(err);
		sink_set_patience(a->sink, OUTPUT_PATIENCE_NS);
	}
	if (run->strategies && backend_is_wanted(settings)) {
		r = boost_loop_start(&a->boost_loop, a->session.loop, settings, err);
		if (r < 0)
			return r;
	}
	if (options.events)
		rule_watch_begin(&a->rules, &run->probes, on_rule, a);
	r = session_start(&a->session, &options, err);
	return r < 0 ? r : check_purpose(a, err);
}

/* A loop that failed has withdrawn nothing. The local back end needs no loop for that; for a server the
 * loop gets one more chance. */
static void withdraw_after_failure(struct agent *a)
{
	int r;

	if (!a->boost_loop)
		return;
	if (!a->ending) {
		a->ending = true;
		boost_loop_withdraw(a->boost_loop, WITHDRAW_DEADLINE_NS, on_withdrawn, a);
	}
	r = a->is_withdrawn ? 0 : session_run(&a->session, NULL);
	if (r < 0)
		a->withdrawn = r;
}

static int run(struct agent *a, struct err *err)
{
	int r;

	log_info("running");
	if (a->boost_loop) {
		boost_loop_tick(a->boost_loop, clock_boot_ns());
		boost_loop_watch(a->boost_loop, a->session.pipeline);
	}
	session_ready(&a->session);
	r = session_run(&a->session, err);
	if (r < 0) {
		log_error("%s; ending", err->text);
		withdraw_after_failure(a);
	}
	return r;
}

int agent_run(const struct settings *settings, int ready_fd, struct err *err)
{
	struct agent a = {0};
	int r = start(&a, settings, ready_fd, err), left = 0;
	struct err why_left = {0};

	if (r >= 0) {
		r = run(&a, err);
		a.ending = true;
		left = session_finish(&a.session, &why_left);
		rule_watch_finish(&a.rules);
		session_ledger(&a.session, print_ledger, &a);
	}
	if (a.withdrawn < 0)
		r = err_set(err, a.withdrawn,
			    "strategies could not be withdrawn: %s; they stay in force until the next "
			    "list; 'teide clean' takes them back",
			    err_name(a.withdrawn));
	if (left < 0 && r >= 0)
		r = err_set(err, left, "%s", why_left.text);
	else if (left < 0)
		log_error("%s", why_left.text);
	rule_watch_free(&a.rules);
	boost_loop_free(a.boost_loop);
	sink_free(a.sink); /* writes the ledger, and gives that up at a signal that the session takes */
	session_close(&a.session);
	string_list_free(&a.probes);
	return r;
}
