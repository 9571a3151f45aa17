/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "args.h"
#include "argument_text.h"
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "rules_counters.h"
#include "rules_list.h"

enum { KEY_NETNS = 256, KEY_ONCE, KEY_COUNTERS, KEY_DURATION, KEY_READY_FD };

#define COUNTERS_NS (10 * NSEC_PER_SEC)

static const char doc[] =
	"The rules of gtp5g, as the kernel tells them, in every network namespace that has a gtp5g "
	"device: each PDR with its FAR, QERs and URRs.\v"
	"--follow prints what is created, removed and changed, with old and new values. A FAR whose packets go to "
	"another peer (or to another TEID, with an End Marker for the old one) is, beside that, a handover. A FAR that "
	"buffered and forwards to its peer again is resumed (paging or a service request). Where the kernel allows it "
	"(as "
	"for teide trace) each request to the module is seen as it is made, with its time and the task that made it. A "
	"request that the module does not carry out is refused; a request that leaves the rule as it was is not shown. "
	"Else, "
	"and "
	"for what changes without a request, the rules are read once a second, and several changes within it are seen "
	"as "
	"one.\n"
	"DIR is told by what a PDR matches and where its FAR sends, as the module does not say its "
	"source interface; ? where that can be either (N9). REMOVE: outer header removal. MBR: uplink "
	"and downlink, bit/s; enforced only with /proc/gtp5g/qos at 1. SDF: which packets of the UE the PDR takes, as "
	"an "
	"IPFilterRule; go-upf turns it round for the uplink, where the UE is at \"from\". Of two PDRs that fit, the "
	"one "
	"with the lower PREC takes the packet.\n"
	"JSON: {schema, node, ts, event: rules, namespaces: [{netns, interface, version, malformed, left_out, pdrs, "
	"fars, qers, urrs, "
	"bars}], ambiguous, left_out}; with --follow then a line for each change: {schema, node, ts, time, event: "
	"created|removed|changed|handover|resumed|refused, netns, rule, seid, pdr_id|far_id|qer_id|urr_id|bar_id, "
	"old, new (refused: asked)}; of a request that was seen also pid, tgid, comm; of a FAR's buffered and "
	"dropped {packets, bytes}, since its change before, or since it began to buffer: since; of a "
	"handover end_marker: true where the module was told to send one to the old gNB. far_action has the bits of "
	"Apply Action (1 drop, 2 forward, 4 buffer, 8 notify). policing_qer_id is the QER of qer_ids that gtp5g "
	"polices by, "
	"as events have it in qer_id. flow_description is the SDF filter. go-upf gives the "
	"module a URR's period as the low 32 bits of nanoseconds: period_s is what they stand for, period_raw what the "
	"module has where that is another number, or one of no known unit. Of a BAR's delay the module has 8 bits, "
	"which "
	"may be cut the same way: delay_raw, not delay_ms.\n"
	"--counters compares, over a time, what the module counted by PDR (/proc/gtp5g/pdr) and by device with what "
	"teide did, and says why they differ: qer_red, backlog_full (the module counts before it polices and "
	"hands on), buffered, echo_answered (it calls them sent), outer_header (it counts without), not_buffered (its "
	"own failure, which teide does not see); the rest is unexplained. The module's file has one slot for all tasks "
	"that "
	"ask, and knows no namespaces: teide does not use it where it cannot tell. JSON: {schema, node, ts, event: "
	"counter, netns, interface, seid, pdr_id, "
	"counter, module, module_most, teide, because: {reason: amount}, unexplained}.\n"
	"Exit code: 3 where no network namespace has a gtp5g device.";

static const struct argp_option options[] = {
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{"netns", KEY_NETNS, "NS", 0, "this network namespace alone: a name, a path, pid:N", 0},
	{"follow", 'f', NULL, 0, "then print each change, until interrupted", 0},
	{"counters", KEY_COUNTERS, NULL, 0, "what the module counts, beside what teide counts", 0},
	{"duration", KEY_DURATION, "TIME", 0,
	 "for so long once the hooks are attached, with --counters: 30 (seconds), 5m (10s)", 0},
	{"ready-fd", KEY_READY_FD, "N", 0,
	 "with --follow or --counters: write the line \"ready\" to this descriptor when the hooks are attached", 0},
	{"once", KEY_ONCE, NULL, 0, "list and end (what it does without --follow)", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct rules_flags {
	struct settings_flags settings;
	struct rules_task task;
	uint64_t duration_ns; /* of --counters */
	bool counters;
};

static error_t set_duration(const char *arg, struct argp_state *state, uint64_t *ret_ns)
{
	struct err err;

	if (read_duration_flag(arg, ret_ns, &err) < 0)
		args_error(state, "%s", err.text);
	return 0;
}

static error_t parse_rules(int key, char *arg, struct argp_state *state)
{
	struct rules_flags *f = state->input;

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = &f->settings;
	else if (key == KEY_NETNS)
		f->task.netns = arg;
	else if (key == 'f')
		f->task.follow = true;
	else if (key == KEY_ONCE)
		f->task.follow = false;
	else if (key == KEY_COUNTERS)
		f->counters = true;
	else if (key == KEY_DURATION)
		return set_duration(arg, state, &f->duration_ns);
	else if (key == KEY_READY_FD)
		f->task.ready_fd = args_ready_fd(state, arg);
	else if (key == 'o')
		f->task.json = args_json(state, arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static int run_rules(struct rules_flags *f, struct err *err)
{
	_cleanup_(settings_free) struct settings settings = {0};
	int r = settings_flags_load(&f->settings, &settings, err);

	if (r < 0)
		return r;
	fputs(config_notes(settings.config), stderr);
	f->task.settings = &settings;
	return f->counters ? rules_counters(&f->task, f->duration_ns, err) : rules_list(&f->task, err);
}

int cmd_rules(int argc, char **argv)
{
	static const struct argp rules_argp = {
		.options = options, .parser = parse_rules, .doc = doc, .children = children};
	struct rules_flags f = {.duration_ns = COUNTERS_NS};
	struct err err = {0};
	int r;

	args_parse(&rules_argp, argc, argv, &f);
	r = run_rules(&f, &err);
	settings_flags_free(&f.settings);
	return args_exit(r, &err);
}
