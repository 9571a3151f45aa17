/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A clsact filter as an earlier teide made it, whose handle holds a process id and no mark:
 *
 *	tc_earlier INTERFACE HANDLE NAME
 *
 * The program named teide calls the program NAME by an array of programs that this process holds. Says "attached"
 * and waits; the filter stays at the end. Once the process has ended, a worker of the kernel empties the array.
 *
 *	tc_earlier NAME
 *
 * Exits with 0 if the kernel has no program NAME: the worker is done. The array itself must not be opened before
 * that: closing it again would start the worker a second time, and Linux 6.18 then never frees the array. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static int is_there(const char *name)
{
	uint32_t id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);
		int same = fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, name);

		if (fd >= 0)
			close(fd);
		if (same)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_map_create_opts, map_opts);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = 7);
	struct bpf_tc_hook hook = {.sz = sizeof(hook), .attach_point = BPF_TC_INGRESS};
	uint32_t zero = 0;
	int array, shared;

	if (argc == 2)
		return is_there(argv[1]);
	if (argc != 4)
		return 2;
	hook.ifindex = (int)if_nametoindex(argv[1]);
	opts.handle = (uint32_t)strtoul(argv[2], NULL, 0);
	array = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "programs", 4, 4, 1, &map_opts);
	shared = load(argv[3], array);
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
