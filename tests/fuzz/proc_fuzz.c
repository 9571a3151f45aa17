/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as files of a process: its stat, the path of its cgroup, and below proc/7 its status and its cgroup; and as
 * a line of its namespace's net/udp and net/udp6. */
#include <sys/socket.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "fuzz.h"
#include "proc.h"
#include "proc_udp.h"
#include "procfs.h"

static void check_stat(const uint8_t *data, size_t size)
{
	char *text = malloc(size + !size); /* without NUL */
	struct proc_stat stat;

	CHECK(text);
	if (size)
		memcpy(text, data, size);
	if (proc_parse_stat(text, size, &stat) == 0) {
		CHECK_TEXT(stat.comm);
		CHECK(stat.pid > 0);
	}
	free(text);
}

static void check_texts(const char *text)
{
	struct cgroup_ids ids;
	uint64_t number = 0;

	if (cgroup_parse(text, &ids)) {
		CHECK_TEXT(ids.container);
		CHECK_TEXT(ids.pod);
	}
	if (procfs_number(text, 1000, &number))
		CHECK(number && number <= 1000);
	procfs_inode(text, "net");
}

static void check_udp(const char *line)
{
	struct udp_socket s;

	if (proc_udp_parse(line, AF_INET, &s) == 0)
		CHECK(addr_is_v4(&s.local) && addr_is_v4(&s.remote) && !s.cookie && !s.ifindex);
	if (proc_udp_parse(line, AF_INET6, &s) == 0)
		CHECK(s.family == AF_INET6);
}

static void check_files(const uint8_t *data, size_t size)
{
	struct proc_owner owner;
	char cgroup[64];
	int32_t pid;

	mkdir("proc", 0700);
	mkdir("proc/7", 0700);
	fuzz_file("proc/7/stat", data, size);
	fuzz_file("proc/7/status", data, size);
	fuzz_file("proc/7/cgroup", data, size);
	proc_same(".", 7, 5);
	proc_owner(".", 7, &owner);
	if (proc_leader(".", 7, &pid) == 0)
		CHECK(pid > 0);
	if (proc_cgroup(".", 7, cgroup, sizeof(cgroup)) == 0)
		CHECK_TEXT(cgroup);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_stat(data, size);
	check_texts(text);
	check_udp(text);
	check_files(data, size);
	free(text);
	return 0;
}
