/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "argument_text.h"
#include "buf.h"
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "log.h"
#include "loop.h"
#include "pipeline.h"
#include "rules_counters.h"
#include "rules_live.h"
#include "rules_scan.h"
#include "rules_show.h"
#include "settings.h"

enum { KEY_NETNS = 256, KEY_ONCE, KEY_COUNTERS, KEY_DURATION };

#define COUNTERS_NS (10 * NSEC_PER_SEC)

static const char doc[] =
	"The rules of gtp5g, as the kernel tells them, in every network namespace that has a gtp5g "
	"device: each PDR with its FAR, QERs and URRs.\v"
	"--follow prints what is created, removed and changed, with old and new values; a FAR whose peer "
	"or TEID is replaced is, beside that, a handover. Where the kernel allows it (as for teide trace) "
	"each request to the module is seen as it is made, with its time and who made it; a request that "
	"changes nothing is refused. Else, and for what changes without a request, the rules are read once a "
	"second, and several changes within it are seen as one.\n"
	"DIR is told by what a PDR matches and where its FAR sends, as the module does not say its "
	"source interface; ? where that can be either (N9). REMOVE: outer header removal. MBR: uplink "
	"and downlink, bit/s; enforced only with /proc/gtp5g/qos at 1.\n"
	"JSON: {schema, node, ts, event: rules, namespaces: [{netns, interface, version, malformed, left_out, pdrs, fars, qers, urrs, "
	"bars}], ambiguous, left_out}; with --follow then a line for each change: {schema, node, ts, time, event: "
	"created|removed|changed|handover|refused, netns, rule, seid, pdr_id|far_id|qer_id|urr_id|bar_id, "
	"old, new (refused: asked)}; of a request that was seen also pid, tgid, comm; of a FAR's buffered and "
	"dropped {packets, bytes}, since its change before, for a handover since it began to buffer: since; of a "
	"handover end_marker: true where the module was told to send one to the old gNB. far_action has the bits of Apply Action (1 drop, 2 forward, 4 buffer, 8 notify).\n"
	"--counters compares, over a time, what the module counted by PDR (/proc/gtp5g/pdr) and by device with what "
	"teide did, and says why they differ: qer_red, backlog_full (the module counts before it polices and "
	"hands on), buffered, echo_answered (it calls them sent), outer_header (it counts without), not_buffered (its "
	"own failure, which teide does not see); the rest is unexplained. The module's file has one slot for all who "
	"ask, and knows no namespaces: teide does not use it where it cannot tell. JSON: {schema, node, ts, event: counter, netns, interface, seid, pdr_id, "
	"counter, module, module_most, teide, because: {reason: amount}, unexplained}.\n"
	"Exit code: 3 where no network namespace has a gtp5g device.";

static const struct argp_option options[] = {
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{"netns", KEY_NETNS, "NS", 0, "this network namespace alone: a name, a path, pid:N", 0},
	{"follow", 'f', NULL, 0, "then print each change, until interrupted", 0},
	{"counters", KEY_COUNTERS, NULL, 0, "what the module counts, beside what teide counts", 0},
	{"duration", KEY_DURATION, "TIME", 0, "for so long, with --counters: 30 (seconds), 5m (10s)", 0},
	{"once", KEY_ONCE, NULL, 0, "list and end (what it does without --follow)", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct follow {
	struct settings_flags flags;
	struct settings settings;
	char node[NODE_NAME_MAX];
	struct pipeline *pipeline; /* NULL: changes are polled */
	struct loop *loop;
	struct rules_live *live;
	const char *netns;
	int64_t boot_to_real_ns;
	uint64_t duration_ns; /* of --counters */
	bool json, follow, counters;
};

static error_t set_duration(const char *arg, struct argp_state *state, uint64_t *ret_ns)
{
	struct err err;

	if (read_duration_flag(arg, ret_ns, &err) < 0)
		args_error(state, "%s", err.text);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct follow *f = state->input;

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = &f->flags;
	else if (key == KEY_NETNS)
		f->netns = arg;
	else if (key == 'f')
		f->follow = true;
	else if (key == KEY_ONCE)
		f->follow = false;
	else if (key == KEY_COUNTERS)
		f->counters = true;
	else if (key == KEY_DURATION)
		return set_duration(arg, state, &f->duration_ns);
	else if (key == 'o')
		f->json = args_json(state, arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

/* 0 or -errno: nobody reads any more. */
static int put(const struct buf *out)
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
	if (f->json)
		rules_change_json(rules_live_rules(f->live), change, &at, &out);
	else
		rules_change_text(rules_live_rules(f->live), change, at.real_ns, &out);
	r = put(&out);
	if (r < 0)
		loop_stop(f->loop, r == -EPIPE ? 0 : r);
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

	/* A namespace that is named may come back; what was known stays. */
	if (rules_live_scan(f->live, &err) < 0)
		log_debug("%s", err.text);
	/* Without a probe no request is seen. */
	if (!f->pipeline)
		rules_live_settle(f->live, UINT64_MAX, on_change, f);
}

static void on_signal(void *data, int signo)
{
	struct follow *f = data;

	loop_stop(f->loop, 0);
}

/* Only the requests are wanted: no packet takes that long. */
static int start_probe(struct follow *f, struct err *err)
{
	static char *gtpu[] = {"gtpu", NULL};
	const struct string_list probes = {gtpu, 1};
	int r = config_set(f->settings.config, "probes.gtpu.module", "gtp5g", err);
	if (r >= 0)
		r = config_set(f->settings.config, "probes.gtpu.slower_than", "1000000s", err);
	if (r < 0)
		return r;
	const struct pipeline_options o = {
		.config = f->settings.config, .probes = &probes, .events = true,
		.collect_interval_ns = settings_run(&f->settings)->collect_interval_ns,
		.on_event = on_event, .on_row = on_row, .on_drained = on_drained, .data = f};

	return pipeline_start(&f->pipeline, f->loop, &o, err);
}

static int follow(struct follow *f, struct err *err)
{
	struct err why = {0};
	int r;

	f->boot_to_real_ns = clock_boot_to_real_ns();
	f->loop = loop_new();
	if (!f->loop || !loop_add_timer(f->loop, NSEC_PER_SEC, NSEC_PER_SEC, on_timer, f) ||
	    !loop_add_end_signals(f->loop, on_signal, f))
		return err_set(err, -errno, "the event loop: %s", strerror(errno));
	if (start_probe(f, &why) < 0)
		log_warning("changes are looked for once a second, and several within it seen as one: "
			    "%s", why.text);
	else
		log_info("each change is seen as it is made; Ctrl-C ends");
	r = loop_run(f->loop);
	return r < 0 ? err_set(err, r, "rules: %s", err_name(r)) : 0;
}

static int run(struct follow *f, struct err *err)
{
	_cleanup_(buf_free) struct buf out = {0};
	struct rules *rules;
	int r = rules_scan(f->netns, NULL, &rules, err);

	if (r >= 0)
		r = rules_live_of(&f->live, f->netns, rules, err);
	if (r < 0)
		return r;
	if (f->json)
		rules_json(rules_live_rules(f->live), f->node, &out);
	else
		rules_text(rules_live_rules(f->live), &out);
	r = put(&out);
	if (r < 0)
		return r == -EPIPE ? 0 : err_set(err, r, "writing the rules: %s", err_name(r));
	return f->follow ? follow(f, err) : 0;
}

static int load_and_run(struct follow *f, struct err *err)
{
	int r = settings_flags_load(&f->flags, &f->settings, err);

	if (r < 0)
		return r;
	fputs(config_notes(f->settings.config), stderr);
	settings_node(&f->settings, f->node);
	if (!f->counters)
		return run(f, err);
	return rules_counters(&(struct counters_task){f->netns, f->duration_ns, &f->settings, f->json}, err);
}

int cmd_rules(int argc, char **argv)
{
	static const struct argp rules_argp = {.options = options, .parser = parse, .doc = doc,
				       .children = children};
	struct follow f = {.duration_ns = COUNTERS_NS};
	struct err err = {0};
	int r;

	args_parse(&rules_argp, argc, argv, &f);
	signal(SIGPIPE, SIG_IGN);
	r = load_and_run(&f, &err);
	pipeline_free(f.pipeline);
	loop_free(f.loop);
	rules_live_free(f.live);
	settings_free(&f.settings);
	settings_flags_free(&f.flags);
	if (r < 0)
		log_error("%s", err.text);
	return r < 0 ? err_exit_code(r) : EXIT_DONE;
}
