/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An error that a person can act on: a negative errno to decide by, a text that names the thing and
 * the way out. A function that takes a struct err never logs; the outermost caller prints it once. */
#pragma once

struct err {
	char text[1024];
};

/* Writes the text and returns r (0 or -errno), so that "return err_set(err, -ENOENT, ...)" reads.
 * err may be NULL. */
int err_set(struct err *err, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "out of memory"; returns -ENOMEM. */
int err_oom(struct err *err);

/* Puts context before the text already there: "config.yaml: line 3: ...". Returns r. */
int err_prefix(struct err *err, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* strerror() of a negative errno, without its thread trap. */
const char *err_name(int r);

/* "; run as root" for what a right is missing for, else "". */
const char *err_root_hint(int r);

/* The exit codes of every verb. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNSUPPORTED = 3, /* not possible on this node */
	EXIT_LIMITED = 4,     /* doctor: usable with limits */
};

/* -EINVAL of a command line or a configuration, -ENODATA of one that lacks something -> 2,
 * -EOPNOTSUPP -> 3, any other error -> 1. */
int err_exit_code(int r);
