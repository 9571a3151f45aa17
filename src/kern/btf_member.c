/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "btf_member.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "kernel_btf.h"

static int offset_in(const struct btf *btf, unsigned id, const char *member)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const struct btf_member *m;
	const char *name;
	int at, inner;

	if (!t || !btf_is_composite(t))
		return -ENOENT;
	m = btf_members(t);
	for (unsigned i = 0; i < btf_vlen(t); i++, m++) {
		name = btf_text(btf, m->name_off);
		at = (int)btf_member_bit_offset(t, i) / 8;
		if (!strcmp(name, member))
			return at;
		inner = *name ? -ENOENT : offset_in(btf, m->type, member);
		if (inner >= 0)
			return at + inner;
	}
	return -ENOENT;
}

/* From the last on: a module's types come behind the kernel's, which are a hundred times as many. */
static int find_struct(const struct btf *btf, const char *name)
{
	for (uint32_t id = btf__type_cnt(btf) - 1; id > 0; id--) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_kind(t) == BTF_KIND_STRUCT && !strcmp(btf_text(btf, t->name_off), name))
			return (int)id;
	}
	return -ENOENT;
}

int btf_member_offset(const struct btf *btf, const char *type, const char *member)
{
	int id = find_struct(btf, type);

	return id < 0 ? -ENOENT : offset_in(btf, (unsigned)id, member);
}
