/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* To ask every teide on this node to detach from the kernel modules that its hooks keep from being
 * unloaded. Each that has such hooks listens at a socket of its own in /run/teide, for its own user and
 * for root alone. The next teide that comes across what a killed one left there removes it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "loop.h"
#include "probe.h"

struct release;

/* held: as of struct probe. 0 or -errno. */
typedef int (*release_fn)(void *data, char held[static PROBE_HELD_MAX], struct err *err);

int release_listen(struct release **ret, struct loop *loop, release_fn fn, void *data, struct err *err);
void release_free(struct release *r); /* NULL is fine */

/* Names what is in the folder: sockets of those that live (in_use), and what dead ones left there. */
int release_list(void (*visit)(void *data, const char *path, bool in_use), void *data);

/* Removes what dead ones left. */
int release_sweep(void);

struct release_answers {
	size_t asked;			  /* that answered */
	size_t held;			  /* of those, which had held a module until then */
	char modules[PROBE_HELD_MAX * 4]; /* those, each once, by spaces */
};

/* Asks all, one after the other, and waits for each. 0, or -errno: one could not be asked, or could not
 * do it; the others have been asked all the same. */
int release_ask(struct release_answers *ret, struct err *err);
