/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Applies an attach plan to a BPF object. The object names its programs after the hook's function:
 * fentry_<f>, fexit_<f>, kprobe_<f>, kretprobe_<f>; those that are not there are not attached. */
#pragma once

#include <bpf/libbpf.h>
#include <stdint.h>

#include "attach_plan.h"
#include "closer.h"

struct attach;

/* Before the object is opened: from then on programs in the sections fentry and fexit, of any object, take what
 * attach_prepare() found. */
int attach_take_sections(struct err *err);

/* What the fentry and fexit programs of an object attach to. */
struct attach_targets;

/* Between open and load: the programs of the chosen methods load, all other programs named after
 * the hooks do not. The caller frees *ret after the load, which takes place in the same thread. 0 or -errno. */
int attach_prepare(struct attach_targets **ret, struct bpf_object *object, const struct hook_plan *plan,
		   struct err *err);
void attach_targets_free(struct attach_targets *t); /* NULL is fine */

/* After load. Exits are attached before entries, so that no entry waits for a return that no program
 * sees. On failure nothing stays attached. The plan's hooks and choices outlive *ret. */
int attach_new(struct attach **ret, struct bpf_object *object, const struct hook_plan *plan, struct err *err);

/* Takes all programs off; what they missed can still be asked. Idempotent. */
void attach_detach(struct attach *a);
/* The same, where what waits in the kernel goes on behind the caller's back: until *ret is done, some
 * programs may still run. NULL: nothing is left to wait for. */
struct closer *attach_detach_aside(struct attach *a);
void attach_free(struct attach *a); /* NULL is fine */

enum attach_side { ATTACH_ENTRY, ATTACH_EXIT };

/* How many calls of hook i's function its program was not run for. -ENOTSUP: this kernel cannot
 * tell (kprobes before 6.7); -ENOENT: no program is attached to that side. */
int attach_missed(const struct attach *a, size_t i, enum attach_side side, uint64_t *ret);
