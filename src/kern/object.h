/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opening and loading BPF objects with libbpf's and the verifier's words kept for the error. */
#pragma once

#include <bpf/libbpf.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/* Between the two calls libbpf's warnings are kept (the last OBJECT_TEXT_MAX bytes). object_end()
 * returns r; when r < 0, err says in one line: what, the program, the reason in plain words and the
 * way out (object_reason.h). What the verifier said goes whole into a file that the line names. What
 * the kernel lacks becomes -EOPNOTSUPP, and so does its -EINVAL (-EPERM where a right is missing). Each
 * object_begin() has its object_end(). One capture a thread at a time. */
#define OBJECT_TEXT_MAX (1U << 20)

struct object_capture {
	struct buf text;
	struct object_capture *previous;
};

void object_begin(struct object_capture *c);
int object_end(struct object_capture *c, int r, const char *what, struct err *err);

/* Loads an opened skeleton under such a capture. Of the skeleton, since bpf_object__load() alone leaves its pointers to
 * .bss and .data at memory that no program sees. */
int object_load(struct bpf_object_skeleton *skeleton, const char *what, struct err *err);

/* Bytes that the kernel charges for a map, or those of all maps of a loaded object, as fdinfo tells; 0: it does not.
 * Maps in maps are not among an object's. */
uint64_t object_map_memory(int fd);
uint64_t object_memory(struct bpf_object *object);

/* -EPERM with the way out: what is refused, and the rights it takes. */
int object_not_permitted(const char *what, struct err *err);

/* -EOPNOTSUPP with the way out when programs cannot run on this kernel at all; 0 otherwise. Cheap:
 * what it cannot tell cheaply, loading will. */
int object_check_kernel(struct err *err);
