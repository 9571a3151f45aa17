/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Attaching a program to one direction of an interface: tcx at the head of the list where the kernel
 * has it (6.6), else clsact with a filter named `teide`. Each function works in the calling thread's
 * network namespace, which must be the interface's; nothing keeps a descriptor of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct tc_target {
	const char *interface; /* for error texts; outlives the call */
	unsigned ifindex;
	bool egress;
};

/* What the attachments of one run have in common. */
struct tc_run {
	bool clsact_only; /* do not try tcx (tests) */
	int mark_fd;	  /* proves to other runs that this one lives; see run_mark.h */
};

struct tc_link;

/* A clsact filter outlives a killed process: one that an
 * earlier run left is removed first. */
int tc_attach(struct tc_link **ret, const struct tc_target *target, int prog_fd, const struct tc_run *run,
	      struct err *err);

/* 1 while the program is at its hook, 0 once something else has taken it off, or -errno. */
int tc_is_attached(const struct tc_link *l);

struct tc_swept {
	unsigned stale;	 /* filters named `teide` of runs that have ended */
	unsigned living; /* of runs that still watch */
};

/* Counts teide's filters on an interface. remove: takes the stale ones off, and the qdisc where such a
 * run had made it and nothing is left in it. -EPERM: the kernel does not tell which runs live. */
int tc_sweep(unsigned ifindex, bool remove, struct tc_swept *ret);

const char *tc_method(const struct tc_link *l); /* "tcx" or "clsact" */

/* Whether to detach takes being in the interface's namespace. */
bool tc_is_filter(const struct tc_link *l);

/* Foreign filters that ran before it when it was attached, and can hide packets from it; none on tcx, where it was the
 * first. */
unsigned tc_ahead(const struct tc_link *l);

/* Takes a clsact filter off, and the qdisc when it was made here and nothing is left in it. 0, also when
 * the interface or something else took the filter along, or -errno; *ret_filter_off: then the empty qdisc alone may
 * stay, of which nothing in the kernel says that it was made here. */
int tc_detach(const struct tc_link *l, bool *ret_filter_off);

/* Takes the program off on tcx, and frees l; NULL is fine. */
void tc_free(struct tc_link *l);
