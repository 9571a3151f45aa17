/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Somebody else's program at TC: counts packets and leaves them to the next one.
 *
 *	tc_foreign INTERFACE ingress|egress tcx-first|tcx-last
 *	tc_foreign INTERFACE ingress|egress PRIORITY		(clsact)
 *
 * Says "attached"; on SIGUSR1 is replaced by another such program, and says "replaced"; on SIGTERM detaches and prints
 * the number that both have counted. */
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
		{.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map_fd},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 1},
		{.code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = 1, .src_reg = 2, .imm = BPF_ADD},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "foreign", "GPL", insns, sizeof(insns) / sizeof(insns[0]), NULL);
}

static struct bpf_tc_hook hook_of(int ifindex, bool egress)
{
	return (struct bpf_tc_hook){.sz = sizeof(struct bpf_tc_hook),
				    .ifindex = ifindex,
				    .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS};
}

static int attach_tcx(int prog_fd, int ifindex, bool egress, bool first)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = first ? FLAG_BEFORE : FLAG_AFTER);

	return bpf_link_create(prog_fd, ifindex,
			       (enum bpf_attach_type)(egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS), &opts);
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

struct foreign {
	int ifindex, link; /* -1: it is on clsact */
	bool egress;
	unsigned priority;
	int map[2];
};

static int make(struct foreign *f, int which)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);

	f->map[which] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "foreign", 4, 8, 1, &opts);
	return f->map[which] < 0 ? -1 : load(f->map[which]);
}

static int replace(struct foreign *f)
{
	struct bpf_tc_hook hook = hook_of(f->ifindex, f->egress);
	int prog_fd = make(f, 1);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .priority = f->priority, .handle = 1,
		    .flags = BPF_TC_F_REPLACE);

	if (prog_fd < 0)
		return -1;
	return f->link >= 0 ? bpf_link_update(f->link, prog_fd, NULL) : bpf_tc_attach(&hook, &opts);
}

static void say(const char *word)
{
	printf("%s\n", word);
	fflush(stdout);
}

static int wait_for_term(struct foreign *f)
{
	sigset_t set;
	int signo;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	say("attached");
	while (!sigwait(&set, &signo) && signo == SIGUSR1) {
		if (replace(f) < 0)
			return -1;
		say("replaced");
	}
	return 0;
}

static uint64_t counted(const struct foreign *f)
{
	uint64_t n[2] = {0};
	uint32_t zero = 0;

	for (int i = 0; i < 2; i++)
		if (f->map[i] >= 0)
			bpf_map_lookup_elem(f->map[i], &zero, &n[i]);
	return n[0] + n[1];
}

int main(int argc, char **argv)
{
	struct foreign f = {.link = -1, .map = {-1, -1}};
	int prog_fd, r;
	bool tcx;

	if (argc != 4)
		return 2;
	f.ifindex = (int)if_nametoindex(argv[1]);
	f.egress = !strcmp(argv[2], "egress");
	f.priority = (unsigned)strtoul(argv[3], NULL, 10);
	tcx = !strncmp(argv[3], "tcx", 3);
	prog_fd = make(&f, 0);
	if (tcx)
		r = f.link = attach_tcx(prog_fd, f.ifindex, f.egress, !strcmp(argv[3], "tcx-first"));
	else
		r = attach_clsact(prog_fd, f.ifindex, f.egress, f.priority);
	if (prog_fd < 0 || r < 0 || wait_for_term(&f) < 0) {
		perror("foreign program");
		return 1;
	}
	if (tcx)
		close(f.link);
	else
		detach_clsact(f.ifindex, f.egress, f.priority);
	printf("%llu\n", (unsigned long long)counted(&f));
	return 0;
}
