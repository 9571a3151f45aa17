/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the service would do, without a back end: nothing is done. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "decide.h"
#include "identity.h"
#include "boost_loop.h"
#include "process_watch.h"
#include "session.h"
#include "settings.h"

struct preview {
	struct session session; /* owned, as the boost loop, which is freed first */
	struct boost_loop *boost_loop;
	const struct process_watch *process_watch; /* the boost loop's, as the decision */
	const struct sched_decision *decision;
	struct identity *identity; /* owned: names of containers and pods */
	bool measured;		   /* a probe measured run-queue waits */
	bool unsent;		   /* the PIDs are not the node's: no API server would get the strategies */
	uint64_t now_ns;	   /* of the last look */
	char node[NODE_NAME_MAX];
};

void preview_free(struct preview *p); /* usable with _cleanup_ */

/* Watches for that long (0: for as long as the strategy needs to make up its mind) with the probes of
 * the configuration and those that measure run-queue waits; without probes where they cannot run, which
 * is logged. A signal that asks to end (base/signals.h) ends it early. */
int preview_run(const struct settings *settings, uint64_t duration_ns, struct preview *ret, struct err *err);
