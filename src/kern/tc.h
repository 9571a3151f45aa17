/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Attaching a program to one direction of an interface: tcx at the head of the list where the kernel
 * has it (6.6), else clsact with a filter named `teide`. Neither keeps a descriptor of the
 * interface's namespace. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct tc_target {
	const char *netns; /* as for ns_open(); NULL: the caller's. Outlives the attachment */
	const char *interface; /* for error texts; outlives the attachment */
	unsigned ifindex;
	bool egress;
};

struct tc_link;

/* clsact_only: do not try tcx (tests). A clsact filter outlives a killed process: one that an
 * earlier run left is removed first. */
int tc_attach(struct tc_link **ret, const struct tc_target *target, int prog_fd, bool clsact_only,
	      struct err *err);

struct tc_swept {
	unsigned stale;  /* filters named `teide` of runs that have ended */
	unsigned living; /* of runs that still watch */
};

/* Counts teide's filters on an interface, in the calling thread's network namespace. remove: takes the
 * stale ones off, and the qdisc where such a run had made it and nothing is left in it. */
int tc_sweep(unsigned ifindex, bool remove, struct tc_swept *ret);

const char *tc_method(const struct tc_link *l); /* "tcx" or "clsact" */

/* Foreign filters that ran before it when it was attached, and can hide packets from it; none on tcx, where it was the first. */
unsigned tc_ahead(const struct tc_link *l);

/* Takes the program off and frees l; NULL is fine. On clsact: the filter, and the qdisc when it was
 * made here and nothing is left in it. An interface or namespace that is gone took them along. */
void tc_detach(struct tc_link *l);
