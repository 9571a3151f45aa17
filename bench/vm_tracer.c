/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vm_tracer empty|printk gtp|gtp5g: attaches the programs of vm_tracer.bpf.c by fentry and fexit, says
 * "watching" and stays until it is ended. */
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vm_tracer.skel.h"

struct place {
	const char *program, *module, *function;
};

/* Functions that a kernel's module does not have are left out. */
static const struct place places[] = {
	{"empty_entry_1", "gtp", "gtp_encap_recv"},
	{"empty_exit_1", "gtp", "gtp_encap_recv"},
	{"empty_entry_2", "gtp", "gtp_dev_xmit"},
	{"empty_exit_2", "gtp", "gtp_dev_xmit"},
	{"second_1", "gtp", "gtp_encap_recv"},
	{"second_2", "gtp", "gtp_rx"},
	{"first_3", "gtp", "gtp_dev_xmit"},
	{"first_4", "gtp", "gtp_build_skb_ip4"},
	{"first_5", "gtp", "gtp_push_header"},
	{"empty_entry_1", "gtp5g", "gtp5g_encap_recv"},
	{"empty_exit_1", "gtp5g", "gtp5g_encap_recv"},
	{"empty_entry_2", "gtp5g", "gtp5g_dev_xmit"},
	{"empty_exit_2", "gtp5g", "gtp5g_dev_xmit"},
	{"second_1", "gtp5g", "gtp5g_encap_recv"},
	{"second_2", "gtp5g", "pdr_find_by_gtp1u"},
	{"first_3", "gtp5g", "gtp5g_dev_xmit"},
	{"first_4", "gtp5g", "gtp5g_handle_skb_ipv4"},
	{"second_5", "gtp5g", "pdr_find_by_ipv4"},
	{"first_6", "gtp5g", "gtp5g_push_header"},
	{"first_7", "gtp5g", "gtp5g_xmit_skb_ipv4"},
};
#define PLACES (sizeof(places) / sizeof(*places))

static int wanted(const struct place *p, const char *mode, const char *module)
{
	int empty = !strncmp(p->program, "empty", 5);

	return !strcmp(p->module, module) && empty == !strcmp(mode, "empty");
}

/* One object a program: that a function is not there is then that program's failure only. */
static struct bpf_link *attach(const struct place *place)
{
	struct vm_tracer_bpf *skel = vm_tracer_bpf__open();
	struct bpf_program *program, *mine = NULL;

	if (!skel)
		return NULL;
	bpf_object__for_each_program(program, skel->obj) {
		bool is = !strcmp(bpf_program__name(program), place->program);

		bpf_program__set_autoload(program, is);
		if (is)
			mine = program;
	}
	if (!mine || bpf_program__set_attach_target(mine, 0, place->function) || vm_tracer_bpf__load(skel))
		return NULL;
	return bpf_program__attach(mine);
}

int main(int argc, char **argv)
{
	int n = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: vm_tracer empty|printk gtp|gtp5g\n");
		return 2;
	}
	libbpf_set_print(NULL);
	for (size_t i = 0; i < PLACES; i++) {
		if (!wanted(&places[i], argv[1], argv[2]))
			continue;
		if (attach(&places[i]))
			n++;
		else
			fprintf(stderr, "vm_tracer: not at %s\n", places[i].function);
	}
	if (!n)
		return 1;
	fprintf(stderr, "watching %d\n", n);
	pause();
	return 0;
}
