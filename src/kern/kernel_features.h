/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this kernel lets us do, found out by doing it once. */
#pragma once

#include "attach_plan.h"

#define MODULE_VERSION_MAX 32

struct module_facts {
	bool loaded;
	bool btf;			  /* /sys/kernel/btf/<module> is readable */
	char version[MODULE_VERSION_MAX]; /* of /sys/module/<module>/version; "" when it has none */
};

/* Tries each feature; leaves nothing attached. */
void features_probe(struct features *ret);

/* Two of them alone: 0, or -errno as the kernel refused it. */
int features_ringbuf(void);
int features_kernel_reads(void);

/* Of features_kernel_reads(): the kernel does not have the helper for any program, although this process has
 * the rights. So does lockdown. */
bool features_locked_down(int kernel_reads);

/* Of CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN the first that this process lacks; NULL: none. Static. */
const char *features_missing_right(void);

/* "none", "integrity", "confidentiality"; "": /sys/kernel/security/lockdown below root ("" for the real one)
 * does not tell. */
void features_lockdown(const char *root, char *ret, size_t size);

/* The kernel is a PREEMPT_RT one: a task can take the CPU from another with bottom halves disabled. root: "" for the
 * real one. */
bool features_realtime(const char *root);

/* The one line for where the kernel lets no program read its memory. */
#define NO_KERNEL_READS                                                                                                \
	"the kernel is locked down for confidentiality (/sys/kernel/security/lockdown): no program "                   \
	"may read its memory"

/* Programs may read any kernel memory by plain loads (bpf_rdonly_cast(), Linux 6.2): bpf/direct.h. */
bool features_direct_reads(void);

void features_module(const char *module, struct module_facts *ret);

/* Looks the hooks' functions up, tries fentry on each that is there, and a kprobe where fentry does not work or the
 * hook is a seldom one: there the plan wants to know both. Where f says that fentry does not work, kprobes alone
 * are tried. The kernel is asked for each function, or before Linux 6.2 all of /proc/kallsyms is read. 0 or -errno. */
int features_symbols(const struct features *f, const struct plan_hook *hooks, size_t n, struct symbol_facts *ret,
		     struct err *err);
