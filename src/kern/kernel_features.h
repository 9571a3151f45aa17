/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this kernel lets us do, found out by doing it once. */
#pragma once

#include "attach_plan.h"

#define MODULE_VERSION_MAX 32

struct module_facts {
	bool loaded;
	bool btf;                         /* /sys/kernel/btf/<module> is readable */
	char version[MODULE_VERSION_MAX]; /* of /sys/module/<module>/version; "" when it has none */
};

/* Tries each feature; leaves nothing attached. */
void features_probe(struct features *ret);

/* Programs may read any kernel memory by plain loads (bpf_rdonly_cast(), Linux 6.2): bpf/direct.h. */
bool features_direct_reads(void);

void features_module(const char *module, struct module_facts *ret);

/* Looks the hooks' functions up and tries fentry and kprobe on each that is there. One pass over
 * /proc/kallsyms for all of them. 0 or -errno. */
int features_symbols(const struct features *f, const struct plan_hook *hooks, size_t n,
		     struct symbol_facts *ret, struct err *err);
