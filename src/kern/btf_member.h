/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where BTF says that a struct keeps a member. */
#pragma once

#include <bpf/btf.h>

/* Offset in bytes of a member of the named struct, unnamed structs and unions inside it looked through; or -ENOENT. */
int btf_member_offset(const struct btf *btf, const char *type, const char *member);
