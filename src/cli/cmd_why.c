/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "args.h"
#include "argument_text.h"
#include "cleanup.h"
#include "clock.h"
#include "cmd.h"
#include "parse.h"
#include "settings.h"
#include "why_cli.h"

enum { KEY_NETNS = 256, KEY_DURATION, KEY_READY_FD };

static const char doc[] =
	"Why a PDU session does not work: watches its packets through the UPF on this node, uplink and "
	"downlink, stage by stage, and says where they stop, why, and what to look at next. The session "
	"is named by its UE's address or by a TEID (0x... or decimal) of either direction.\v"
	"Send traffic meanwhile: ping from the UE. Watched are, in the UPF's network namespace, the "
	"interfaces that have an address and the device of gtp5g, gtp or the user-space UPF (at TC, "
	"nothing is changed), and the module's functions. Packets at TC are counted as on the wire "
	"(segments), those of the module as it takes them.\n"
	"\"split\": both directions pass the UPF, but not by one gNB and one interface.\n"
	"An x marks the first stage that packets do not reach; ? what cannot be seen.\n"
	"JSON: {schema, node, ts, event: why, verdict, state: works|\"loses packets\"|broken|silent|split, do, "
	"netns, pod, upf, version, ue, seid, "
	"duration_ns, watched, uplink, downlink, notes}; of a direction {state, stop, reason, text, do, "
	"stages: [{stage, packets, detail}], outcomes: [{verdict, reason, packets}], rule, gnb, teid, "
	"qfi, latency}; a key that has nothing to say is absent.\n"
	"Exit code: 0 when there is an answer, a bad one too; 3 where nothing here is a UPF.";

static const struct argp_option options[] = {
	{"duration", KEY_DURATION, "TIME", 0, "how long to watch: 30 (seconds), 5m (10s)", 0},
	{"netns", KEY_NETNS, "NS", 0, "the UPF's network namespace: a name, a path, pid:N", 0},
	{"ready-fd", KEY_READY_FD, "N", 0, "write the line \"ready\" to this descriptor when packets are counted", 0},
	{"output", 'o', "text|json", 0, "how to write it", 0},
	{0},
};

static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};

struct arguments {
	struct settings_flags settings;
	struct why_question q;
	const char *netns;
	uint64_t duration_ns;
	bool json, asked;
	int ready_fd;
};

static int parse_question(const char *text, struct why_question *q, struct err *err)
{
	uint64_t teid;
	int r;

	*q = (struct why_question){0};
	if (addr_parse(text, &q->ue) == 0) {
		q->by_ue = true;
		return 0;
	}
	r = parse_u64(text, 1, UINT32_MAX, &teid, err);
	if (r < 0)
		return r;
	q->teid = (uint32_t)teid;
	return 0;
}

static error_t parse_why(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	struct err err = {0};

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->settings;
		return 0;
	case KEY_NETNS:
		a->netns = arg;
		return 0;
	case KEY_DURATION:
		if (read_duration_flag(arg, &a->duration_ns, &err) < 0)
			args_error(state, "%s", err.text);
		return 0;
	case KEY_READY_FD:
		a->ready_fd = args_ready_fd(state, arg);
		return 0;
	case 'o':
		a->json = args_json(state, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (a->asked)
			args_error(state, "'%s': one UE or one TEID at a time", arg);
		if (parse_question(arg, &a->q, &err) < 0)
			args_error(state, "'%s' is neither a UE's IP address nor a TEID (0x... or decimal): %s", arg,
				   err.text);
		a->asked = true;
		return 0;
	case ARGP_KEY_NO_ARGS:
		args_error(state, "name a UE's address or a TEID");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static int run_why(const struct arguments *a, struct err *err)
{
	_cleanup_(settings_free) struct settings settings = {0};
	const struct why_task task = {&a->q, a->netns, &settings, a->duration_ns, a->json, a->ready_fd};
	int r = settings_flags_load(&a->settings, &settings, err);

	if (r < 0)
		return r;
	fputs(config_notes(settings.config), stderr);
	return why_run(&task, err);
}

int cmd_why(int argc, char **argv)
{
	static const struct argp why_argp = {.options = options,
					     .parser = parse_why,
					     .doc = doc,
					     .args_doc = "UE-ADDRESS|TEID",
					     .children = children};
	struct arguments a = {.duration_ns = 10 * NSEC_PER_SEC};
	struct err err = {0};
	int r;

	args_parse(&why_argp, argc, argv, &a);
	r = run_why(&a, &err);
	settings_flags_free(&a.settings);
	return args_exit(r, &err);
}
