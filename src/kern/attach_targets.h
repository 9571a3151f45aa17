/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which function each fentry and fexit program attaches to, by its number in BTF. libbpf would look through all types
 * of the kernel for each program; those of a module are few, and found at once. */
#pragma once

#include "attach.h"

/* Room for max programs; the load of an object in this thread takes them until attach_targets_free(). NULL: no memory.
 */
struct attach_targets *attach_targets_new(size_t max);
/* 0 or -errno. */
int attach_targets_add(struct attach_targets *t, const struct bpf_program *program, const struct plan_hook *hook);
