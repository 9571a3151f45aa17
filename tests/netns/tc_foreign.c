/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Somebody else's program at TC: counts packets and leaves them to the next one.
 *
 *	tc_foreign INTERFACE ingress|egress tcx-first|tcx-last
 *	tc_foreign INTERFACE ingress|egress PRIORITY		(clsact)
 *
 * Says "attached", waits for SIGTERM, detaches and prints the number. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define FLAG_BEFORE (1U << 3)
#define FLAG_AFTER (1U << 4)

static int load(int map_fd)
{
	struct bpf_insn insns[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_VALUE,
		 .imm = map_fd},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 1},
		{.code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = 1, .src_reg = 2, .imm = BPF_ADD},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "foreign", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), NULL);
}

static struct bpf_tc_hook hook_of(int ifindex, bool egress)
{
	return (struct bpf_tc_hook){.sz = sizeof(struct bpf_tc_hook), .ifindex = ifindex,
				    .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS};
}

static int attach_tcx(int prog_fd, int ifindex, bool egress, bool first)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = first ? FLAG_BEFORE : FLAG_AFTER);

	return bpf_link_create(prog_fd, ifindex,
			       (enum bpf_attach_type)(egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS),
			       &opts);
}

static int attach_clsact(int prog_fd, int ifindex, bool egress, unsigned priority)
{
	struct bpf_tc_hook hook = hook_of(ifindex, egress);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .priority = priority, .handle = 1);
	int r = bpf_tc_hook_create(&hook);

	return r < 0 && r != -EEXIST ? r : bpf_tc_attach(&hook, &opts);
}

static void detach_clsact(int ifindex, bool egress, unsigned priority)
{
	struct bpf_tc_hook hook = hook_of(ifindex, egress);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = priority, .handle = 1);

	bpf_tc_detach(&hook, &opts);
}

static void wait_for_term(void)
{
	sigset_t set;
	int signo;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("attached\n");
	fflush(stdout);
	sigwait(&set, &signo);
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_map_create_opts, map_opts);
	int map_fd, prog_fd, ifindex, link = -1, r = 0;
	bool egress, tcx;
	uint32_t zero = 0;
	uint64_t n = 0;

	if (argc != 4)
		return 2;
	ifindex = (int)if_nametoindex(argv[1]);
	egress = !strcmp(argv[2], "egress");
	tcx = !strncmp(argv[3], "tcx", 3);
	map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "foreign", 4, 8, 1, &map_opts);
	prog_fd = load(map_fd);
	if (tcx)
		r = link = attach_tcx(prog_fd, ifindex, egress, !strcmp(argv[3], "tcx-first"));
	else
		r = attach_clsact(prog_fd, ifindex, egress, (unsigned)strtoul(argv[3], NULL, 10));
	if (map_fd < 0 || prog_fd < 0 || r < 0) {
		perror("foreign program");
		return 1;
	}
	wait_for_term();
	if (tcx)
		close(link);
	else
		detach_clsact(ifindex, egress, (unsigned)strtoul(argv[3], NULL, 10));
	bpf_map_lookup_elem(map_fd, &zero, &n);
	printf("%llu\n", (unsigned long long)n);
	return 0;
}
