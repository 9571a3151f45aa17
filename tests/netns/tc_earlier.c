/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A clsact filter as an earlier teide made it, whose handle holds a process id and no mark:
 *
 *	tc_earlier INTERFACE HANDLE
 *
 * The program named teide calls on by an array of programs that this process holds. Says "attached" and
 * waits; the filter stays at the end. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int load(const char *name, int array_fd)
{
	struct bpf_insn insns[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = array_fd},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 0},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, name, "GPL", insns, sizeof(insns) / sizeof(insns[0]), NULL);
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_map_create_opts, map_opts);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = 7);
	struct bpf_tc_hook hook = {.sz = sizeof(hook), .attach_point = BPF_TC_INGRESS};
	uint32_t zero = 0;
	int array, shared;

	if (argc != 3)
		return 2;
	hook.ifindex = (int)if_nametoindex(argv[1]);
	opts.handle = (uint32_t)strtoul(argv[2], NULL, 0);
	array = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "programs", 4, 4, 1, &map_opts);
	shared = load("shared", array);
	opts.prog_fd = load("teide", array);
	if (array < 0 || shared < 0 || opts.prog_fd < 0 || bpf_map_update_elem(array, &zero, &shared, BPF_ANY) < 0)
		return 1;
	bpf_tc_hook_create(&hook);
	if (bpf_tc_attach(&hook, &opts) < 0)
		return 1;
	close(opts.prog_fd);
	printf("attached\n");
	fflush(stdout);
	pause();
	return 0;
}
