/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The attach plan: from what was tried on this kernel to a method for each hook, with the reason.
 * A pure function: no system call, so that a test pins it for every kernel. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

enum plan_method {
	PLAN_AUTO, /* as a wish: the best that works; first four as enum attach_force of probe.h */
	PLAN_FENTRY,
	PLAN_KPROBE,
	PLAN_TRACEPOINT,
	PLAN_SKIP, /* this hook is missing here; the probe works without it */
	PLAN_FAIL, /* this hook is missing here, and without it the probe is of no use */
};

#define PLAN_SYMBOL_MAX 96
#define PLAN_REASON_MAX 192

/* A function that a probe wants to hook. */
struct plan_hook {
	const char *module;   /* "gtp"; NULL: the kernel itself */
	const char *function; /* as the source names it */
	bool required;
	bool exits;		/* its return is hooked too */
	bool sleeps;		/* it may sleep: a kretprobe on it loses returns without a word */
	bool seldom;		/* a module's, seldom called: what a call costs does not count */
	const char *tracepoint; /* "net:netif_rx" when one says the same; else NULL */
};

/* What works on this node at all. An int is 0 when it worked, else the -errno of trying. */
struct features {
	bool cap_bpf, cap_perfmon, cap_sys_admin; /* CAP_SYS_ADMIN implies the other two */
	bool vmlinux_btf;
	int ringbuf;
	int kernel_reads; /* a program that reads the kernel's memory was loaded; lockdown: -EINVAL */
	int fentry;	  /* a fentry program was loaded and attached to a kernel function */
	int kprobe;	  /* a kprobe was opened on a kernel function */
	int tcx;
};

/* What was found out about one hook's function. */
struct symbol_facts {
	bool loaded;		       /* the module is there (always true for the kernel itself) */
	bool module_btf;	       /* /sys/kernel/btf/<module> is readable */
	bool btf_func;		       /* that BTF has the function */
	int fentry;		       /* 0: an empty program was attached to it; -errno; untried: -ENODATA */
	bool symbol;		       /* kallsyms has it under this name, in this module */
	int kprobe;		       /* 0: a kprobe was opened on it; -errno; untried: -ENODATA */
	char mangled[PLAN_SYMBOL_MAX]; /* "sdf_filter_match.constprop.0" when only that is there */
	bool tracepoint;	       /* the hook's tracepoint is there */
};

struct plan_choice {
	enum plan_method method;
	char reason[PLAN_REASON_MAX];
};

/* Decides one hook. forced is PLAN_AUTO or one of the three methods. */
struct plan_choice plan_hook(const struct features *f, const struct plan_hook *hook, const struct symbol_facts *facts,
			     enum plan_method forced);

/* Hooks, and what was decided for each. */
struct hook_plan {
	const struct plan_hook *hooks;
	struct plan_choice *choices;
	size_t n;
	bool exits; /* false: programs at the entry of functions alone */
};

/* Decides all hooks of the plan: writes its choices. facts: one for each hook. 0, or -EOPNOTSUPP when a
 * required one failed, err naming it and what to do. */
int plan_hooks(const struct hook_plan *plan, const struct features *f, const struct symbol_facts *facts,
	       enum plan_method forced, struct err *err);

const char *plan_method_name(enum plan_method method);
