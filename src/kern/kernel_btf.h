/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The types of the running kernel, and of its modules over them. To read the kernel's takes a good part of a start: it
 * is read once for all that hold it at the same time. */
#pragma once

#include <bpf/btf.h>
#include <stdint.h>

/* Of any thread; NULL: there is none that can be read. */
struct btf *kernel_btf_get(void);
void kernel_btf_put(struct btf *btf); /* NULL is fine */

/* The text at an offset; "" where the offset is outside: the types of a module may be read over the types of a kernel
 * that is not the module's. */
const char *btf_text(const struct btf *btf, uint32_t offset);

/* In no other BTF than that of kernel_btf_get(): the id of the type, or -ENOENT. Costs a tenth of what
 * btf__find_by_name_kind() does. */
int kernel_btf_find(const struct btf *btf, const char *name, unsigned kind);

/* A module's types as the kernel has them. */
struct module_btf {
	struct btf *btf;
	int fd;
};

/* kernel: of kernel_btf_get(), held for as long as *ret is open. 0 or -errno. */
int module_btf_open(struct module_btf *ret, const char *module, struct btf *kernel);
void module_btf_close(struct module_btf *m); /* again is fine; {.fd = -1} is closed */

/* Among the module's own types alone: the id, or -ENOENT. */
int module_btf_find(const struct module_btf *m, const struct btf *kernel, const char *name, unsigned kind);
