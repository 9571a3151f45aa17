/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aside.h"
#include "cleanup.h"
#include "cmd.h"
#include "err.h"
#include "log.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
	bool in_first_thread; /* whose name is what its processes are known by */
} verbs[] = {
	{"run", cmd_run, "the service: probes, report, strategies, by the configuration (-c FILE)"},
	{"trace", cmd_trace, "live events of packets and of the gtp5g/gtp module's functions"},
	{"flows", cmd_flows, "live flows and GTP-U tunnels on interfaces (-i [NETNS/]IFACE)"},
	{"rules", cmd_rules, "the rules of gtp5g (PDR, FAR, QER, URR) and, with --follow, their changes"},
	{"why", cmd_why, "why a PDU session (UE-ADDRESS or TEID) does not work: where its packets stop"},
	{"sched", cmd_sched, "scheduling strategies: preview, apply, withdraw, show"},
	{"server", cmd_server, "an API server that speaks Gthulhu's API, for one machine"},
	{"lab", cmd_lab, "a 5G user plane in network namespaces: up, status, traffic, down", true},
	{"doctor", cmd_doctor, "what works on this node, what does not, why, and what to do"},
	{"clean", cmd_clean, "put back and remove what a killed teide left; --verify: prove that nothing is"},
	{"config", cmd_config, "the effective configuration, checked"},
	{"version", cmd_version, "the version"},
};

static void usage(FILE *to)
{
	fprintf(to, "usage: teide VERB [OPTION...]    (teide VERB --help tells more)\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].help);
	fprintf(to, "\ntry: teide lab up && teide flows -i teide-upf/n3\n");
}

int cmd_version(int argc, char **argv)
{
	printf("teide %s\n", TEIDE_VERSION);
	return EXIT_DONE;
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

int main(int argc, char **argv)
{
	char name[64];

	open_standard();
	argp_err_exit_status = EXIT_USAGE;
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--version"))
		return flush_output(cmd_version(argc, argv));
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		snprintf(name, sizeof(name), "teide %s", verbs[i].name);
		argv[1] = name;
		return flush_output(verbs[i].in_first_thread ?
					    verbs[i].run(argc - 1, argv + 1) :
					    run_aside(verbs[i].run, argc - 1, argv + 1));
	}
	fprintf(stderr, "teide: no verb '%s'; 'teide help' lists them\n", argv[1]);
	return EXIT_USAGE;
}
