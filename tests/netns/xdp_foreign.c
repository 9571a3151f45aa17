/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An XDP program of another loader: it lets every packet pass, or drops it.
 *
 *	xdp_foreign INTERFACE NAME [drop]
 *
 * Says "attached"; the program is off when this process ends. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = argc > 3 ? XDP_DROP : XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_SKB_MODE);
	int program, link;

	if (argc < 3 || argc > 4)
		return 2;
	program = bpf_prog_load(BPF_PROG_TYPE_XDP, argv[2], "GPL", insns, sizeof(insns) / sizeof(insns[0]), NULL);
	link = program < 0 ? -1 : bpf_link_create(program, (int)if_nametoindex(argv[1]), BPF_XDP, &opts);
	if (link < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	puts("attached");
	fflush(stdout);
	pause();
	return 0;
}
