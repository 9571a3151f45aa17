/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Within this room: what is boosted, as a file that survives its writer, and the lock on its folder. */
#pragma once

#include "local.h"

struct boosts {
	struct boost *items; /* owned */
	size_t len;
	int32_t owner;	       /* the process that wrote it; it may have ended */
	uint64_t own_slice_ns; /* the kernel's own slice, which before and ours have as 0 */
	bool other_boot;       /* the record was of another boot: its threads are gone, none is in the list */
};

struct boost {
	struct local_boost b;
	bool foreign;	    /* set by another program since; not in the file */
	bool wanted, fresh; /* scratch of a call */
};

void boosts_free(struct boosts *b);			     /* usable with _cleanup_ */
int boosts_add(struct boosts *b, const struct boost *boost); /* -E2BIG beyond STRATEGY_MAX, -ENOMEM */

/* Replaces the file in one step; without boosts that are still ours, removes it. */
int record_write(const char *dir, const struct boosts *b, struct err *err);

/* No file: 0 and none. -EBADMSG when it is not one of ours. */
int record_read(const char *dir, struct boosts *ret, struct err *err);

/* Removes what a teide left that was killed while it wrote. */
void record_drop_unfinished(const char *dir);

/* Removes the records of PID namespaces that are gone: with a namespace all its threads have ended. */
void record_drop_dead(const char *dir);

/* Makes the folder if need be, for its user alone, and locks it; the descriptor holds the lock, even
 * without a name. -EBUSY when another process has it. */
int record_lock(const char *dir, struct err *err);
void record_unlock(const char *dir, int fd); /* removes the folder if nothing is in it */
bool record_locked(const char *dir);
