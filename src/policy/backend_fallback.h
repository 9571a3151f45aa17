/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two back ends, of which one at a time has the list: the primary while it works, the fallback while it does
 * not. The primary is taken for broken at its first failure, and for sound again when it has succeeded
 * several times in a row: otherwise a server that fails every other time would move all boosts to and fro.
 * Each failure soon after its return doubles the number, so that the list does not go to and fro.
 * Until the primary has succeeded or failed, the list is the primary's. No thread is boosted by both. */
#pragma once

#include "backend.h"

#define FALLBACK_SUCCESSES 3 /* in a row, before the primary gets the list back */
#define FALLBACK_SUCCESSES_MAX 48
#define FALLBACK_CALM_NS 600000000000ULL  /* after which a failure is one of its own */
#define FALLBACK_SUCCESS_NS 1000000000ULL /* successes that are closer count as one */

/* Takes both over on success. 0 or -ENOMEM. */
int fallback_start(struct backend **ret, struct backend *primary, struct backend *fallback);
