/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The file that a verifier's log goes to: teide-PROGRAM.log in the first of $XDG_RUNTIME_DIR, /run/teide,
 * $TMPDIR and /tmp that can be written, for its user alone (0600), in place of the one before. */
#pragma once

#include "err.h"

/* Adds to err where the file is; without one err stays as it is. Returns r. */
int object_log_keep(const char *subject, const char *text, int r, struct err *err);
