/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tc_owner.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "cleanup.h"
#include "run_mark.h"

/* A handle is the format, the low bits of the mark's id, and TC_HANDLE_QDISC_MADE. */
#define FORMAT 0x7f000000U
#define FORMAT_MASK 0xff000000U
#define ID_SPAN (1U << 23)
#define PROGRAM_MAPS_MAX 16

int tc_owner_handle(int mark_fd, uint32_t *ret)
{
	uint32_t id;
	int r = run_mark_id(mark_fd, &id);

	if (r == 0)
		*ret = FORMAT | (id % ID_SPAN) << 1;
	return r;
}

/* Ids grow up to INT32_MAX before they come again: nearly always the first of these is the one. */
static int mark_lives(uint32_t low)
{
	int r = 0;

	for (uint32_t id = low; r == 0 && id <= INT32_MAX; id += ID_SPAN)
		r = run_mark_exists(id);
	return r;
}

/* 1 when the map of that id is an array of programs that is not empty. */
static int holds_programs(uint32_t id)
{
	_cleanup_close_ int fd = bpf_map_get_fd_by_id(id);
	uint32_t zero = 0, program, len = sizeof(struct bpf_map_info);
	struct bpf_map_info info = {0};

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	return info.type == BPF_MAP_TYPE_PROG_ARRAY && bpf_map_lookup_elem(fd, &zero, &program) == 0;
}

/* Of a filter whose handle is of another format, as an earlier teide made them. Its program calls on by an
 * array of programs, which the kernel empties once no process holds it: then it counts nothing any more. */
static int program_lives(uint32_t program)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program);
	uint32_t ids[PROGRAM_MAPS_MAX] = {0}, len = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {.nr_map_ids = PROGRAM_MAPS_MAX, .map_ids = (uintptr_t)ids};
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	for (uint32_t i = 0; r == 0 && i < PROGRAM_MAPS_MAX && ids[i]; i++)
		r = holds_programs(ids[i]);
	return r;
}

int tc_owner_lives(const struct rtnl_filter *f)
{
	if ((f->handle & FORMAT_MASK) == FORMAT)
		return mark_lives((f->handle & ~FORMAT_MASK) >> 1);
	return program_lives(f->program);
}
