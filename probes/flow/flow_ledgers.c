/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the programs account for packets: a ledger for each attachment and CPU, read in place. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "flow_run.h"
#include "flow.skel.h" /* its types are flow.h's */

/* CPUs that may come online later and are counted for all the same. */
#define CPUS_TO_COME 8

/* The last CPU of a list as "0-3,8-11"; -1: none. */
static long last_online(void)
{
	_cleanup_fclose_ FILE *f = fopen("/sys/devices/system/cpu/online", "re");
	char line[512];
	size_t len;

	if (!f || !fgets(line, sizeof(line), f))
		return -1;
	len = strcspn(line, "\n");
	line[len] = '\0';
	while (len && line[len - 1] >= '0' && line[len - 1] <= '9')
		len--;
	return line[len] ? strtol(line + len, NULL, 10) : -1;
}

uint32_t flow_cpu_slots(void)
{
	long last = last_online();
	int possible = libbpf_num_possible_cpus();

	if (possible < 1)
		possible = 1;
	return (uint32_t)(last < 0 ? possible : MIN(possible, last + 1 + CPUS_TO_COME));
}

int flow_ledgers_prepare(struct probe_run *run, struct bpf_map *map, size_t attachments, struct err *err)
{
	uint64_t entries;
	int r;

	run->cpu_slots = flow_cpu_slots();
	entries = attachments * run->cpu_slots;
	r = entries > UINT32_MAX ? -E2BIG : bpf_map__set_max_entries(map, (uint32_t)entries);
	return r < 0 ? err_set(err, r, "ledgers of %zu hooks: %s", attachments, err_name(r)) : 0;
}

int flow_ledgers_open(struct probe_run *run, const struct bpf_map *map, struct err *err)
{
	size_t size = (size_t)bpf_map__max_entries(map) * sizeof(*run->ledgers);
	void *at = mmap(NULL, size, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);

	if (at == MAP_FAILED)
		return err_set(err, -errno, "ledgers of the flow program: %s", err_name(errno));
	run->ledgers = at;
	run->ledgers_size = size;
	return 0;
}

void flow_ledgers_close(struct probe_run *run)
{
	if (run->ledgers)
		munmap((void *)(uintptr_t)run->ledgers, run->ledgers_size);
	run->ledgers = NULL;
}
