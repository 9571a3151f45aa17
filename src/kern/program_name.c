/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "program_name.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <stdio.h>

#include "cleanup.h"

DEFINE_CLEANUP(struct btf *, btf, btf__free)

/* bpf_prog_info has 15 characters of the name. */
static bool name_by_btf(const struct bpf_prog_info *info, const struct bpf_func_info *function,
			char name[static PROGRAM_NAME_MAX])
{
	_cleanup_(cleanup_btf) struct btf *btf = NULL;
	const struct btf_type *type;
	const char *full;

	if (!info->btf_id || !info->nr_func_info)
		return false;
	btf = btf__load_from_kernel_by_id(info->btf_id);
	type = btf ? btf__type_by_id(btf, function->type_id) : NULL;
	full = type ? btf__name_by_offset(btf, type->name_off) : NULL;
	if (!full || !full[0])
		return false;
	snprintf(name, PROGRAM_NAME_MAX, "%s", full);
	return true;
}

const char *program_name(uint32_t id, char name[static PROGRAM_NAME_MAX])
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_func_info function = {0};
	struct bpf_prog_info info = {
		.nr_func_info = 1, .func_info_rec_size = sizeof(function), .func_info = (uintptr_t)&function};
	uint32_t len = sizeof(info);

	snprintf(name, PROGRAM_NAME_MAX, "program %u", id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0 || name_by_btf(&info, &function, name))
		return name;
	if (info.name[0])
		snprintf(name, PROGRAM_NAME_MAX, "%s", info.name);
	return name;
}
