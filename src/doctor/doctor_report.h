/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The findings about a node, and the two forms they are written in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

enum check_state {
	CHECK_OK,
	CHECK_INFO,    /* worth knowing, nothing to mend */
	CHECK_LIMITED, /* it works with less, or packets are lost beside it */
	CHECK_MISSING, /* something that teide shows elsewhere is not shown here */
};

enum check_group {
	CHECK_KERNEL,
	CHECK_RIGHTS,
	CHECK_MODULES,
	CHECK_FUNCTIONS,
	CHECK_NETWORK,
	CHECK_CONTAINERS,
	CHECK_SCHEDULER,
	CHECK_API,
	CHECK_GROUPS,
};

#define CHECK_ID_MAX 128
#define CHECK_WHAT_MAX 64
#define CHECK_TEXT_MAX 384

struct check {
	enum check_group group;
	enum check_state state;
	bool fatal;		   /* missing: nothing of teide works */
	bool hidden;		   /* in JSON alone */
	char id[CHECK_ID_MAX];	   /* "kernel.fentry", "function.gtp5g.gtp5g_rx" */
	char what[CHECK_WHAT_MAX]; /* a few words */
	char detail[CHECK_TEXT_MAX];
	char remedy[CHECK_TEXT_MAX]; /* what to do; "" when there is nothing to do */
	char netns[CHECK_WHAT_MAX];  /* of CHECK_NETWORK; else "" */
	/* Neighbours of one group, namespace and state with the same text here are one line of text:
	 * it, then what each is called; the remedies are in JSON. "" stands alone. */
	char line[CHECK_TEXT_MAX];
};

#define REPORT_CHECKS_MAX 2048

struct report {
	struct check *checks; /* owned */
	size_t len;
	size_t left_out; /* beyond REPORT_CHECKS_MAX, or out of memory */
	struct check spare;
};

void report_free(struct report *r); /* usable with _cleanup_ */

/* Appends a check, its id made of format. Valid until the next call; never NULL: what finds no room
 * is counted and kept nowhere. */
struct check *report_add(struct report *r, enum check_group group, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Moves the checks of part behind those of r; part is then empty. */
void report_append(struct report *r, struct report *part);
void check_set(struct check *c, enum check_state state, const char *format, ...) __attribute__((format(printf, 3, 4)));
void check_remedy(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Missing, by the error of loading a program: "REASON; WAY OUT". */
void check_load_error(struct check *c, const char *error);
/* Before the detail. */
void check_prefix(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_line(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum report_verdict { REPORT_USABLE, REPORT_LIMITED, REPORT_UNUSABLE };

enum report_verdict report_verdict(const struct report *r);
const char *report_verdict_name(enum report_verdict v); /* "usable", "limited", "unusable" */
const char *check_state_name(enum check_state s);	/* "ok", "info", "limited", "missing" */

struct report_heading {
	const char *version; /* teide's */
	const char *node, *kernel;
};

void report_text(const struct report *r, const struct report_heading *h, struct buf *out);
void report_json(const struct report *r, const struct report_heading *h, struct buf *out);
