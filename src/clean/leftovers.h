/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What of teide is on this node: boosts of threads, strategies at API servers, filters of clsact, files in /run/teide,
 * and the probes that teides which live have in the kernel, whatever namespaces they are in. BPF programs, maps and tcx
 * links go with the process that holds them; a lab is ended by `teide lab down`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

struct leftover {
	const char *kind; /* "boost", "strategy", "filter", "file", "probe" */
	char what[256];
	bool in_use; /* by a teide that lives: its own business */
};

struct leftovers {
	struct leftover *items; /* owned */
	size_t len;
	size_t unreadable;  /* network namespaces that could not be looked at */
	int why_unreadable; /* -errno of the last */
	int why_no_probes;  /* -errno: the kernel does not tell of BPF objects; 0: it does */
	size_t hidden;	    /* processes whose network namespace cannot be seen */
	bool failed;	    /* out of memory */
};

void leftovers_free(struct leftovers *l); /* usable with _cleanup_ */
void leftovers_add(struct leftovers *l, bool in_use, const char *kind, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

int leftovers_find(struct leftovers *ret, struct err *err);

/* Puts back and removes all but what is in use. */
int leftovers_remove(struct err *err);

/* Within leftovers*.c: the filters of every network namespace; remove: takes them off, l is NULL. */
int leftovers_filters(struct leftovers *l, bool remove, struct err *err);
