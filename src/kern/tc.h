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

const char *tc_method(const struct tc_link *l); /* "tcx" or "clsact" */

/* Takes the program off and frees l; NULL is fine. On clsact: the filter, and the qdisc when it was
 * made here and nothing is left in it. An interface or namespace that is gone took them along. */
void tc_detach(struct tc_link *l);
