/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "args.h"
#include "cleanup.h"
#include "cmd.h"
#include "err.h"
#include "escape.h"
#include "json_line.h"
#include "kernel_upf.h"
#include "lab.h"
#include "log.h"
#include "plural.h"
#include "node.h"
#include "parse.h"
#include "process.h"
#include "traffic.h"

struct lab_arguments {
	struct lab_options options;
	struct lab_traffic_options traffic;
	bool auto_upf, json, ipv4_only;
	const char *node_kind, *node_index; /* of the verb that starts a node's program */
};

struct lab_verb {
	const char *name, *help;
	const struct argp argp;
	int (*run)(struct lab_arguments *a, struct err *err);
};

static error_t set_number(struct argp_state *state, const char *option, const char *text, unsigned max,
			  unsigned *ret)
{
	uint64_t value = 0;
	struct err err;

	if (parse_u64(text, 1, max, &value, &err) < 0)
		args_error(state, "%s: %s", option, err.text);
	*ret = (unsigned)value;
	return 0;
}

static void parse_upf(struct lab_arguments *a, const char *text, struct argp_state *state)
{
	a->auto_upf = !strcmp(text, "auto");
	if (!a->auto_upf && lab_upf_kind_parse(text, &a->options.upf) < 0)
		args_error(state, "--upf %s: it is user, gtp, gtp5g or auto", text);
}

static void parse_name(struct lab_arguments *a, const char *text, struct argp_state *state)
{
	if (strlen(text) >= sizeof(a->options.name))
		args_error(state, "--name %s: it has at most %zu characters", text,
			   sizeof(a->options.name) - 1);
	snprintf(a->options.name, sizeof(a->options.name), "%s", text);
}

static error_t parse_plan(int key, char *arg, struct argp_state *state)
{
	struct lab_arguments *a = state->input;

	switch (key) {
	case 'n':
		parse_name(a, arg, state);
		return 0;
	case 'u':
		return set_number(state, "--ues", arg, LAB_UES_MAX, &a->options.ues);
	case 'g':
		return set_number(state, "--gnbs", arg, LAB_GNBS_MAX, &a->options.gnbs);
	case 'f':
		return set_number(state, "--flows", arg, LAB_FLOWS_MAX, &a->options.flows);
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
	struct lab_arguments *a = state->input;

	if (key != ARGP_KEY_ARG || state->arg_num > 1)
		return parse_plan(key, arg, state);
	*(state->arg_num ? &a->node_index : &a->node_kind) = arg;
	return 0;
}

#define NAME_OPTION                                                                                \
	{                                                                                          \
		"name", 'n', "NAME", 0, "the lab's name (" LAB_NAME_DEFAULT ")", 0                 \
	}
#define PLAN_OPTIONS                                                                               \
	NAME_OPTION, {"ues", 'u', "N", 0, "user equipments, 1 to 200 (1)", 0},                     \
		{"gnbs", 'g', "N", 0, "base stations, 1 to 32 (1)", 0},                            \
		{"flows", 'f', "M", 0, "QoS flows of each UE, 1 to 63 (1)", 0},                    \
		{"upf",                                                                            \
		 'k',                                                                              \
		 "KIND",                                                                           \
		 0,                                                                                \
		 "user (in user space), gtp or gtp5g (kernel modules), or auto: gtp5g where it "   \
		 "is loaded, else user (auto)",                                                    \
		 0},                                                                               \
	{                                                                                          \
		"ipv4-only", '4', NULL, 0, "no IPv6 inside the tunnels", 0                         \
	}

#define OUTPUT_OPTION                                                                              \
	{                                                                                          \
		"output", 'o', "text|json", 0, "how to write it", 0                                \
	}

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
	{"malformed", KEY_TRAFFIC + 7, "KINDS", 0,
	 "only broken GTP-U from the gNBs: short,version,length,chain or all", 0},
	{"malformed-count", KEY_TRAFFIC + 8, "N", 0, "of each kind and gNB (1)", 0},
	{"signalling", KEY_TRAFFIC + 9, "N", 0,
	 "only N Echo Requests, N End Markers and N G-PDUs of unknown tunnels from each gNB", 0},
	{0},
};

static error_t set_traffic(struct lab_arguments *a, const char *name, const char *value,
			   const struct argp_state *state)
{
	struct err err = {0};

	if (lab_traffic_option(&a->traffic, name, value, &err) < 0)
		args_error(state, "%s", err.text);
	return 0;
}

static error_t parse_traffic(int key, char *arg, struct argp_state *state)
{
	struct lab_arguments *a = state->input;

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

static void print_lab(const struct lab_state *state, const struct lab_plan *plan)
{
	struct json_line line;

	lab_state_keys(json_line_begin(&line, NULL, "lab"), plan, state, lab_process_is_alive);
	json_line_end(&line);
}

static int print_new_lab(const char *name, struct err *err)
{
	struct lab_state state;
	struct lab_plan plan;
	int r = lab_open(name, &state, &plan, err);

	if (r == 0)
		print_lab(&state, &plan);
	return r;
}

static int run_up(struct lab_arguments *a, struct err *err)
{
	int r;

	if (a->auto_upf)
		a->options.upf = lab_upf_auto();
	a->options.inner_ipv6 = !a->ipv4_only && lab_upf_carries_ipv6(a->options.upf);
	r = lab_up(&a->options, err);
	if (r < 0)
		return r;
	if (a->json)
		return print_new_lab(a->options.name, err);
	printf("the lab '%s' is up: %u UE%s, %u gNB%s, UPF %s%s\n"
	       "try: ip netns exec %s-ue1 ping 10.70.0.2\n"
	       "     teide lab traffic, teide lab status, teide lab down (each with --name %s)\n",
	       a->options.name, a->options.ues, plural(a->options.ues), a->options.gnbs, plural(a->options.gnbs),
	       lab_upf_kind_name(a->options.upf), a->options.inner_ipv6 ? "" : ", IPv4 only", a->options.name,
	       a->options.name);
	return 0;
}

static int run_down(struct lab_arguments *a, struct err *err)
{
	char name[ESCAPED_MAX(LAB_NAME_MAX)];
	int r = lab_down(a->options.name, err);
	struct json_line line;
	struct jw *j;

	if (r < 0)
		return r;
	if (!a->json) {
		printf("the lab '%s' %s\n", escape_text_to(name, sizeof(name), a->options.name),
		       r ? "is gone" : "was not up");
		return 0;
	}
	j = json_line_begin(&line, NULL, "lab_down");
	jw_string(j, "name", a->options.name);
	jw_bool(j, "was_up", r);
	json_line_end(&line);
	return 0;
}

static void print_node(const struct lab_state *state, const struct lab_plan *plan,
		       enum lab_node_kind kind, unsigned index, const char *rest)
{
	const struct lab_process *p = lab_state_process(state, kind, index);
	const char *alive = !p ? "not started" : lab_process_is_alive(p) ? "alive" : "ended";

	printf("%-6s %3u  %-24s pid %-8d %-11s  %s\n", lab_node_comm(kind), index,
	       lab_plan_netns(plan, kind, index), p ? (int)p->pid : 0, alive, rest);
}

static void print_status(const struct lab_state *state, const struct lab_plan *plan)
{
	char rest[256], a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];

	printf("lab '%s' %s, UPF %s\n", plan->options.name,
	       state->up ? "is up" : "was left half made (teide lab down)",
	       lab_upf_kind_name(plan->options.upf));
	for (unsigned u = 0; u < plan->options.ues; u++) {
		const struct lab_ue *ue = &plan->ues[u];

		snprintf(rest, sizeof(rest), "%s %s gNB %u, TEID uplink 0x%08x downlink 0x%08x",
			 addr_format(&ue->address, a),
			 plan->options.inner_ipv6 ? addr_format(&ue->address6, b) : "", ue->gnb,
			 ue->teid_uplink, ue->teid_downlink);
		print_node(state, plan, LAB_NODE_UE, ue->index, rest);
	}
	for (unsigned g = 0; g < plan->options.gnbs; g++) {
		snprintf(rest, sizeof(rest), "N3 %s to %s",
			 addr_format(&plan->gnbs[g].n3_address, a),
			 addr_format(&plan->gnbs[g].upf_n3_address, b));
		print_node(state, plan, LAB_NODE_GNB, g + 1, rest);
	}
	print_node(state, plan, LAB_NODE_UPF, 1, LAB_UPF_DEVICE);
	snprintf(rest, sizeof(rest), "%s %s", addr_format(&plan->dn_address, a),
		 plan->options.inner_ipv6 ? addr_format(&plan->dn_address6, b) : "");
	print_node(state, plan, LAB_NODE_DN, 1, rest);
}

static int run_status(struct lab_arguments *a, struct err *err)
{
	struct lab_state state;
	struct lab_plan plan;
	int r = lab_open(a->options.name, &state, &plan, err);

	if (r < 0)
		return r;
	(a->json ? print_lab : print_status)(&state, &plan);
	return 0;
}

static int run_traffic(struct lab_arguments *a, struct err *err)
{
	struct lab_state state;
	struct lab_plan plan;
	int r = lab_open(a->options.name, &state, &plan, err);

	if (r < 0)
		return r;
	if (!state.up)
		return err_set(err, -ENOENT, "the lab '%s' was left half made; teide lab down",
			       a->options.name);
	return lab_traffic(&plan, &a->traffic, err);
}

static int run_node_kind(const struct lab_arguments *a, enum lab_node_kind kind, unsigned index,
			 struct err *err)
{
	struct lab_plan plan;
	int r = lab_plan_make(&a->options, &plan, err);

	if (r < 0)
		return r;
	if (kind == LAB_NODE_UPF && plan.options.upf != LAB_UPF_USER)
		return lab_kernel_upf_main(&plan, LAB_READY_FD, err);
	return lab_node_main(&plan, kind, index, LAB_READY_FD, err);
}

static int run_node(struct lab_arguments *a, struct err *err)
{
	_cleanup_close_ int failed_fd = fcntl(LAB_READY_FD, F_DUPFD_CLOEXEC, LAB_READY_FD + 1);
	enum lab_node_kind kind;
	uint64_t index;
	int r;

	if (failed_fd < 0 || !a->node_index || parse_u64(a->node_index, 0, LAB_UES_MAX, &index, NULL) < 0 ||
	    lab_node_kind_parse(a->node_kind, &kind) < 0)
		return err_set(err, -EINVAL, "this verb is for teide lab up alone");
	fcntl(LAB_READY_FD, F_SETFD, FD_CLOEXEC);
	prctl(PR_SET_NAME, lab_node_comm(kind));
	a->options.inner_ipv6 = !a->ipv4_only;
	r = run_node_kind(a, kind, (unsigned)index, err);
	if (r < 0)
		lab_process_say_failed(failed_fd, r, err);
	return r;
}

static const struct lab_verb lab_verbs[] = {
	{"up",
	 "make a lab and start it",
	 {.options = plan_options,
	  .parser = parse_plan,
	  .doc = "Makes a 5G user plane on this machine: UEs, gNBs, a UPF and a data network in "
		 "network namespaces, joined by GTP-U."},
	 run_up},
	{"status",
	 "what there is, and whether its programs live",
	 {.options = name_options, .parser = parse_plan, .doc = "Shows a lab."},
	 run_status},
	{"traffic",
	 "send through it and count what comes back",
	 {.options = traffic_options,
	  .parser = parse_traffic,
	  .doc = "Sends through a lab and counts what comes back.\vWithout --count, --downloads, --malformed "
		 "and --signalling: pings, datagrams and downloads side by side. With one of them: exactly so "
		 "much of it, and nothing else."},
	 run_traffic},
	{"down",
	 "end a lab; nothing of it stays",
	 {.options = name_options,
	  .parser = parse_plan,
	  .doc = "Ends a lab, also one that was left half made."},
	 run_down},
	{"node",
	 NULL,
	 {.options = plan_options,
	  .parser = parse_node,
	  .args_doc = "KIND INDEX",
	  .doc = "One program of a lab; teide lab up starts it."},
	 run_node},
};

static int finish(int r, const struct err *err)
{
	if (r < 0)
		log_error("%s", err->text);
	return err_exit_code(r);
}

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
	struct lab_arguments a = {.options = LAB_OPTIONS_DEFAULT, .auto_upf = true};
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
		return finish(lab_verbs[i].run(&a, &err), &err);
	}
	return refuse_verb(argv[1]);
}
