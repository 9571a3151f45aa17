/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cleanup.h"
#include "cmd.h"
#include "lab_verbs.h"
#include "log.h"
#include "parse.h"

struct lab_verb {
	const char *name, *help;
	const struct argp argp;
	int (*run)(struct lab_task *a, struct err *err);
};

static error_t set_number(struct argp_state *state, const char *option, const char *text, unsigned max, unsigned *ret)
{
	uint64_t value = 0;
	struct err err;

	if (parse_u64(text, 1, max, &value, &err) < 0)
		args_error(state, "%s: %s", option, err.text);
	*ret = (unsigned)value;
	return 0;
}

static error_t set_sessions(struct argp_state *state, const char *text, unsigned *ret)
{
	uint64_t value = 0;
	struct err err;

	if (parse_u64(text, 0, LAB_UES_MAX, &value, &err) < 0)
		args_error(state, "--sessions: %s", err.text);
	*ret = (unsigned)value;
	return 0;
}

static void parse_upf(struct lab_task *a, const char *text, struct argp_state *state)
{
	a->auto_upf = !strcmp(text, "auto");
	if (!a->auto_upf && lab_upf_kind_parse(text, &a->options.upf) < 0)
		args_error(state, "--upf %s: it is user, gtp, gtp5g or auto", text);
}

static void parse_name(struct lab_task *a, const char *text, struct argp_state *state)
{
	if (strlen(text) >= sizeof(a->options.name))
		args_error(state, "--name %s: it has at most %zu characters", text, sizeof(a->options.name) - 1);
	snprintf(a->options.name, sizeof(a->options.name), "%s", text);
}

static error_t parse_plan(int key, char *arg, struct argp_state *state)
{
	struct lab_task *a = state->input;

	switch (key) {
	case 'n':
		parse_name(a, arg, state);
		return 0;
	case 'u':
		return set_number(state, "--ues", arg, LAB_UES_MAX, &a->options.ues);
	case 'g':
		return set_number(state, "--gnbs", arg, LAB_GNBS_MAX, &a->options.gnbs);
	case 'f':
		a->has_flows = true;
		return set_number(state, "--flows", arg, LAB_FLOWS_MAX, &a->options.flows);
	case 's':
		return set_sessions(state, arg, &a->options.sessions);
	case 'c':
		if (lab_core_parse(arg, &a->options.core) < 0)
			args_error(state, "--core %s: it is simple or free5gc", arg);
		return 0;
	case 'k':
		parse_upf(a, arg, state);
		return 0;
	case '4':
		a->ipv4_only = true;
		return 0;
	case 'o':
		a->json = args_json(state, arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_node(int key, char *arg, struct argp_state *state)
{
	struct lab_task *a = state->input;

	if (key != ARGP_KEY_ARG || state->arg_num > 1)
		return parse_plan(key, arg, state);
	*(state->arg_num ? &a->node_index : &a->node_kind) = arg;
	return 0;
}

/* clang-format off */
#define NAME_OPTION {"name", 'n', "NAME", 0, "the lab's name (" LAB_NAME_DEFAULT ")", 0}
#define PLAN_OPTIONS \
	NAME_OPTION, \
	{"ues", 'u', "N", 0, "user equipments, 1 to 200 (1)", 0}, \
	{"gnbs", 'g', "N", 0, "base stations, 1 to 32 (1)", 0}, \
	{"flows", 'f', "M", 0, \
	 "QoS flows of each UE, 1 to 63 (1; with --core free5gc 2: the default one and one of a flow rule)", 0}, \
	{"sessions", 's', "N", 0, "only N of the UEs have a PDU session (all)", 0}, \
	{"core", 'c', "CORE", 0, \
	 "simple, or free5gc: processes, sockets and packets as those of free5GC and UERANSIM (simple)", 0}, \
	{"upf", 'k', "KIND", 0, \
	 "user (in user space), gtp or gtp5g (kernel modules), or auto: gtp5g where it is loaded, else user " \
	 "(auto)", 0}, \
	{"ipv4-only", '4', NULL, 0, "no IPv6 inside the tunnels", 0}

#define OUTPUT_OPTION {"output", 'o', "text|json", 0, "how to write it", 0}
/* clang-format on */

/* The lab knows what each of them means. */
enum { KEY_TRAFFIC = 256 }; /* and those that follow */

static const struct argp_option traffic_options[] = {
	NAME_OPTION,
	OUTPUT_OPTION,
	{"duration", KEY_TRAFFIC, "TIME", 0, "run for so long: 10 (seconds), 500ms, 5m (10s)", 0},
	{"rate", KEY_TRAFFIC + 1, "N", 0, "datagrams and pings per second and UE (100, fewer with many UEs)", 0},
	{"download", KEY_TRAFFIC + 2, "BYTES", 0, "size of a download, one a second, 0 for none (256K); k, M, G", 0},
	{"ue", KEY_TRAFFIC + 3, "U", 0, "only this UE", 0},
	{"family", KEY_TRAFFIC + 4, "4|6", 0, "only IPv4 or IPv6 inside", 0},
	{"count", KEY_TRAFFIC + 5, "N", 0, "exactly N UDP datagrams per UE, each echoed, and nothing else", 0},
	{"downloads", KEY_TRAFFIC + 6, "N", 0, "exactly N downloads per UE, and nothing else", 0},
	{"malformed", KEY_TRAFFIC + 7, "KINDS", 0, "only broken GTP-U from the gNBs: short,version,length,chain or all",
	 0},
	{"malformed-count", KEY_TRAFFIC + 8, "N", 0, "of each kind and gNB (1)", 0},
	{"signalling", KEY_TRAFFIC + 9, "N", 0,
	 "only N Echo Requests, N End Markers and N G-PDUs of unknown tunnels from each gNB", 0},
	{0},
};

static error_t set_traffic(struct lab_task *a, const char *name, const char *value, const struct argp_state *state)
{
	struct err err = {0};

	if (lab_traffic_option(&a->traffic, name, value, &err) < 0)
		args_error(state, "%s", err.text);
	return 0;
}

static error_t parse_traffic(int key, char *arg, struct argp_state *state)
{
	struct lab_task *a = state->input;

	if (key == 'n') {
		parse_name(a, arg, state);
		return 0;
	}
	if (key == 'o')
		return set_traffic(a, "o", arg, state);
	for (const struct argp_option *o = traffic_options; o->name; o++)
		if (o->key == key)
			return set_traffic(a, o->name, arg, state);
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option plan_options[] = {PLAN_OPTIONS, OUTPUT_OPTION, {0}};
static const struct argp_option name_options[] = {NAME_OPTION, OUTPUT_OPTION, {0}};

static const struct lab_verb lab_verbs[] = {
	{"up",
	 "make a lab and start it",
	 {.options = plan_options,
	  .parser = parse_plan,
	  .doc = "Makes a 5G user plane on this machine: UEs, gNBs, a UPF and a data network in "
		 "network namespaces, joined by GTP-U."},
	 lab_verb_up},
	{"status",
	 "what there is, and whether its programs live",
	 {.options = name_options, .parser = parse_plan, .doc = "Shows a lab."},
	 lab_verb_status},
	{"traffic",
	 "send through it and count what comes back",
	 {.options = traffic_options,
	  .parser = parse_traffic,
	  .doc = "Sends through a lab and counts what comes back.\vWithout --count, --downloads, --malformed "
		 "and --signalling: pings, datagrams and downloads side by side. With one of them: exactly so "
		 "much of it, and nothing else."},
	 lab_verb_traffic},
	{"down",
	 "end a lab; nothing of it stays",
	 {.options = name_options, .parser = parse_plan, .doc = "Ends a lab, also one that was left half made."},
	 lab_verb_down},
	{"node",
	 NULL,
	 {.options = plan_options,
	  .parser = parse_node,
	  .args_doc = "KIND INDEX",
	  .doc = "One program of a lab; teide lab up starts it."},
	 lab_verb_node},
};

static int usage(int status)
{
	FILE *to = status ? stderr : stdout;

	fprintf(to, "usage: teide lab VERB [OPTION...]    (teide lab VERB --help tells more)\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(lab_verbs); i++) {
		if (lab_verbs[i].help)
			fprintf(to, "  %-8s %s\n", lab_verbs[i].name, lab_verbs[i].help);
	}
	return status;
}

static int refuse_verb(const char *word)
{
	const char *names[ARRAY_SIZE(lab_verbs)];
	char hint[ARGS_HINT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lab_verbs); i++)
		if (lab_verbs[i].help)
			names[n++] = lab_verbs[i].name;
	log_error("no verb '%s';%s 'teide lab --help' lists them", word, args_hint(word, names, n, hint));
	return EXIT_USAGE;
}

int cmd_lab(int argc, char **argv)
{
	struct lab_task a = {.options = LAB_OPTIONS_DEFAULT, .auto_upf = true};
	struct err err = {0};
	char name[64];

	if (argc < 2)
		return usage(EXIT_USAGE);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return usage(EXIT_DONE);
	lab_traffic_defaults(&a.traffic);
	for (size_t i = 0; i < ARRAY_SIZE(lab_verbs); i++) {
		if (strcmp(argv[1], lab_verbs[i].name))
			continue;
		snprintf(name, sizeof(name), "teide lab %s", lab_verbs[i].name);
		argv[1] = name;
		args_parse(&lab_verbs[i].argp, argc - 1, argv + 1, &a);
		return args_exit(lab_verbs[i].run(&a, &err), &err);
	}
	return refuse_verb(argv[1]);
}
