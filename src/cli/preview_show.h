/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a preview found, for people and for programs. */
#pragma once

#include "roster.h"

/* JSON: a line "process" for each that has the name or evidence to speak of, a line "strategy" for each
 * thread, and at the end a line "summary". now_ns: of the look. */
void preview_json(const struct roster *r, const struct sched_decision *d, uint64_t now_ns);
void preview_text(const struct roster *r, const struct sched_decision *d, uint64_t now_ns);

/* What there was no room for: n of them were left out. */
struct preview_loss {
	const char *key; /* of JSON */
	const char *what;
	uint64_t n;
};
#define PREVIEW_LOSSES 9
void preview_losses(const struct roster *r, const struct sched_decision *d,
		    struct preview_loss ret[static PREVIEW_LOSSES]);

/* Whether it is worth a line: not one that merely was on the CPU. */
bool preview_shows(const struct roster *r, const struct process *p);

/* Those of them, by pid; the caller frees *ret. 0 or -ENOMEM. *ret_others: the rest. */
int preview_processes(const struct roster *r, const struct process ***ret, size_t *ret_n,
		      size_t *ret_others);
