/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "btf_member.h"

#include <errno.h>
#include <string.h>

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
		name = btf__name_by_offset(btf, m->name_off);
		at = (int)btf_member_bit_offset(t, i) / 8;
		if (!strcmp(name, member))
			return at;
		inner = *name ? -ENOENT : offset_in(btf, m->type, member);
		if (inner >= 0)
			return at + inner;
	}
	return -ENOENT;
}

int btf_member_offset(const struct btf *btf, const char *type, const char *member)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);

	return id < 0 ? -ENOENT : offset_in(btf, (unsigned)id, member);
}
