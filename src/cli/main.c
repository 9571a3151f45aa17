/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cleanup.h"
#include "cmd.h"
#include "err.h"
#include "escape.h"
#include "log.h"
#include "rlimit.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} verbs[] = {
	{"run", cmd_run, "the service: probes, report, strategies, by the configuration (-c FILE)"},
	{"trace", cmd_trace, "live events of packets and of the gtp5g/gtp module's functions"},
	{"flows", cmd_flows, "live flows and GTP-U tunnels on interfaces (-i [NETNS/]IFACE)"},
	{"rules", cmd_rules, "the rules of gtp5g (PDR, FAR, QER, URR) and, with --follow, their changes"},
	{"why", cmd_why, "why a PDU session (UE-ADDRESS or TEID) does not work: where its packets stop"},
	{"sched", cmd_sched, "scheduling strategies: preview, apply, withdraw, show, audit"},
	{"server", cmd_server, cmd_server_help},
	{"lab", cmd_lab, "a 5G user plane in network namespaces: up, status, traffic, down"},
	{"doctor", cmd_doctor, "what works on this node, what does not, why, and what to do"},
	{"clean", cmd_clean, "put back and remove what a killed teide left; --verify: prove that nothing is"},
	{"config", cmd_config, "the effective configuration, checked"},
	{"version", cmd_version, "the version"},
};

static void usage(FILE *to)
{
	fprintf(to, "usage: teide VERB [OPTION...]    (teide help VERB tells more)\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].help);
	fprintf(to, "\ntry: teide lab up && teide flows -i teide-upf/n3\n");
}

/* A descriptor 0, 1 or 2 that is closed would become a socket's or a map's, and be written to. Opened
 * in the wrong direction, every use of it fails as before. */
static void open_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* What did not fit on the disk is no success. A reader that closed the pipe has seen enough. */
static int flush_output(int exit_code)
{
	int failed = ferror(stdout);

	errno = 0;
	if ((fflush(stdout) == 0 && !failed) || errno == EPIPE || exit_code != EXIT_DONE)
		return exit_code;
	log_error("standard output: %s", errno ? strerror(errno) : "writing failed");
	return EXIT_FAILED;
}

static int run_verb(size_t i, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "teide %s", verbs[i].name);
	argv[0] = name;
	return flush_output(verbs[i].run(argc, argv));
}

static int refuse_verb(const char *word)
{
	static const char *const options[] = {"--help", "--version"};
	const char *names[ARRAY_SIZE(verbs)];
	char hint[ARGS_HINT_MAX];

	if (word[0] == '-') {
		log_error("no option '%s' before a verb;%s 'teide help' lists the verbs", word,
			  args_hint(word, options, ARRAY_SIZE(options), hint));
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = verbs[i].name;
	log_error("no verb '%s';%s 'teide help' lists them", word, args_hint(word, names, ARRAY_SIZE(names), hint));
	return EXIT_USAGE;
}

/* argv[0] is the verb. */
static int find_and_run(int argc, char **argv)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[0], verbs[i].name))
			return run_verb(i, argc, argv);
	return refuse_verb(argv[0]);
}

/* "teide help lab up" is "teide lab up --help". words: argv behind "help"; n of them. */
static int help(int n, char **words)
{
	_cleanup_free_ char **argv = calloc((size_t)n + 2, sizeof(*argv));
	char option[] = "--help";

	if (!n) {
		usage(stdout);
		return flush_output(EXIT_DONE);
	}
	if (!argv)
		return EXIT_FAILED;
	memcpy(argv, words, (size_t)n * sizeof(*argv));
	argv[n] = option;
	return find_and_run(n + 1, argv);
}

int main(int argc, char **argv)
{
	char version[] = "version";

	rlimit_raise_descriptors();
	open_standard();
	argp_err_exit_status = EXIT_USAGE;
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(0, NULL);
	if (!strcmp(argv[1], "help"))
		return help(argc - 2, argv + 2);
	if (!strcmp(argv[1], "--version"))
		argv[1] = version;
	return find_and_run(argc - 1, argv + 1);
}
