/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the service would send, without a back end: nothing is sent. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "decide.h"
#include "settings.h"

struct preview {
	struct sched_decision decision; /* owned */
	bool measured; /* a probe told of run-queue waits */
};

void preview_free(struct preview *p); /* usable with _cleanup_ */

/* Watches for that long (0: for as long as the strategy needs to make up its mind) with the probes of
 * the configuration and those that measure run-queue waits; without probes where they cannot run, which
 * is logged. Ends early on SIGINT and SIGTERM. */
int preview_run(const struct settings *settings, uint64_t duration_ns, struct preview *ret,
		struct err *err);
