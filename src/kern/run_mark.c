/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "run_mark.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"

#define PREFIX "teide_"
#define PREFIX_LEN (sizeof(PREFIX) - 1)

static int map_info(int fd, struct bpf_map_info *ret)
{
	uint32_t len = sizeof(*ret);

	*ret = (struct bpf_map_info){0};
	return bpf_obj_get_info_by_fd(fd, ret, &len) < 0 ? -errno : 0;
}

int run_mark_id(int fd, uint32_t *ret)
{
	struct bpf_map_info info;
	int r = map_info(fd, &info);

	if (r == 0)
		*ret = info.id;
	return r;
}

/* 1 when the map of that id is a mark; else 0, also when it has just gone; or -errno. */
static int read_mark(uint32_t id, struct bpf_map_info *ret)
{
	_cleanup_close_ int fd = bpf_map_get_fd_by_id(id);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = map_info(fd, ret);
	return r < 0 ? r : !strncmp(ret->name, PREFIX, PREFIX_LEN);
}

int run_mark_exists(uint32_t id)
{
	struct bpf_map_info info;

	return read_mark(id, &info);
}

int run_mark_list(void (*visit)(void *data, uint32_t id, const char *probe), void *data)
{
	struct bpf_map_info info;
	uint32_t id = 0;
	int r;

	while (bpf_map_get_next_id(id, &id) == 0) {
		r = read_mark(id, &info);
		if (r < 0)
			return r;
		if (r)
			visit(data, id, info.name + PREFIX_LEN);
	}
	/* ENOSYS: a kernel without BPF */
	return errno == ENOENT || errno == ENOSYS ? 0 : -errno;
}
