/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flow program without kernel reads, as it is loaded where the kernel is locked down: no call in it reads the
 * kernel's memory, by the kernel's own listing (bpftool prog dump xlated). */
#include <bpf/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "cleanup.h"
#include "flow/flow.h"
#include "flow.skel.h"
#include "gen.h"
#include "object.h"
#include "ring_reader.h"

#define ROOM 64

DEFINE_CLEANUP(struct flow_bpf *, flow, flow_bpf__destroy)

/* With all that a verb can ask of it. */
static void load(struct flow_bpf *bpf, bool kernel_reads)
{
	struct bpf_map *maps[] = {bpf->maps.flows, bpf->maps.gpdus, bpf->maps.tunnels, bpf->maps.senders,
				  bpf->maps.qualities};
	struct gen *gens[ARRAY_SIZE(maps)] = {0};
	struct err err = {""};

	bpf->rodata->events_wanted = true;
	bpf->rodata->newcomers_wanted = true;
	bpf->rodata->kernel_reads = kernel_reads;
	bpf_program__set_autoload(bpf->progs.context_softirq_entry, false);
	bpf_program__set_autoload(bpf->progs.context_softirq_exit, false);
	assert_int_equal(ring_prepare(bpf->obj, 65536, &err), 0);
	assert_int_equal(bpf_map__set_max_entries(bpf->maps.orders, ROOM), 0);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		assert_int_equal(gen_prepare(&gens[i], maps[i], ROOM, &err), 0);
	if (object_load(bpf->skeleton, "flow program", &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		gen_free(gens[i]);
}

static void list(const struct flow_bpf *bpf, struct buf *ret)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);
	char command[64], line[512];
	FILE *f;

	assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(bpf->progs.flow_packet), &info, &len), 0);
	snprintf(command, sizeof(command), "bpftool prog dump xlated id %u", info.id);
	f = popen(command, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, ") call "))
			buf_str(ret, line);
	assert_int_equal(pclose(f), 0);
	assert_non_null(ret->data);
}

static void load_and_list(bool kernel_reads, struct buf *ret)
{
	_cleanup_(cleanup_flow) struct flow_bpf *bpf = flow_bpf__open();

	assert_non_null(bpf);
	load(bpf, kernel_reads);
	list(bpf, ret);
}

static void nothing_reads_the_kernels_memory(void **state)
{
	static const char *const reads[] = {"bpf_probe_read", "bpf_rdonly_cast", "bpf_get_current_task"};
	_cleanup_(buf_free) struct buf with = {0}, without = {0};

	load_and_list(true, &with);
	/* With kptr_restrict or without kallsyms the listing names nothing. */
	if (!strstr(with.data, "bpf_skb_load_bytes")) {
		printf("# bpftool names no helper on this kernel\n");
		skip();
	}
	load_and_list(false, &without);
	assert_non_null(strstr(with.data, "bpf_probe_read"));
	assert_non_null(strstr(without.data, "bpf_skb_load_bytes"));
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
		if (strstr(without.data, reads[i]))
			fail_msg("a call of %s in:\n%s", reads[i], without.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_reads_the_kernels_memory)};

	if (geteuid()) {
		printf("1..0 # SKIP loading programs needs root\n");
		return 77;
	}
	return cmocka_run_group_tests_name("flow calls", tests, NULL, NULL);
}
