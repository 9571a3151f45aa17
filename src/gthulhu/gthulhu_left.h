/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a teide that was killed left at API servers, by the records that it kept on this node. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "gthulhu.h"

#define GTHULHU_DIR "/run/teide/api"

struct gthulhu_left {
	const char *path, *url;
	size_t threads;
	bool in_use; /* its writer lives */
};

/* Keeps a record in dir of what the server may hold, and takes over what a killed teide left at the same server: it is
 * withdrawn or replaced as if it were g's. Call it before gthulhu_set(). 0 or -errno. */
int gthulhu_keep_record(struct gthulhu *g, const char *dir, const struct gthulhu_options *options);

/* Visits each record. 0 or -errno. */
int gthulhu_left_list(const char *dir, void (*visit)(void *data, const struct gthulhu_left *left), void *data);

/* Withdraws at its server what each record of a killed teide names, and removes the record. *ret_threads counts them.
 * 0, or -errno of the last that failed, whose record stays. */
int gthulhu_left_withdraw(const char *dir, size_t *ret_threads, struct err *err);

/* Withdraws what an earlier teide with these options left at the server, without a record. *ret_entries: how many
 * strategies. -EBUSY when a teide that lives keeps its own there, by the records in dir; -EOPNOTSUPP when the server
 * still holds as many. */
int gthulhu_withdraw_at(const struct gthulhu_options *options, const char *dir, size_t *ret_entries, struct err *err);
