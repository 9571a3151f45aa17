/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The back end that keeps a Gthulhu-compatible API server told: its v0.1.0 API, one list of pids that
 * each POST replaces, a JWT for the server's public key. The list is sent at once when it changes (at
 * most once a second), again every interval, and read back now and then: a server may serve a stale
 * cache, and several servers behind one name each have a list of their own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "loop.h"
#include "option.h"
#include "strategy.h"

struct gthulhu_options {
	bool enabled;
	const char *url; /* base; what follows "/api/v1" is cut off */
	uint64_t interval_ns;
	uint64_t timeout_ns; /* of one exchange */
	const char *public_key_path; /* PEM "PUBLIC KEY" */
	const char *ca_file, *cert_file, *key_file; /* "": the system's CAs, no client certificate */
};

extern const struct option_section api_section; /* "api", struct gthulhu_options */

struct gthulhu_stats {
	bool reachable; /* the last exchange worked */
	bool foreign; /* what was last read back is not what was posted, even after a second POST */
	uint64_t posts; /* lists that the server took */
	uint64_t tokens; /* tokens received */
	uint64_t errors; /* exchanges that failed */
	uint64_t verified, mismatches; /* lists read back: as posted, or not */
	size_t entries; /* of the last list that the server took */
	uint64_t last_success_ns, last_error_ns; /* boot clock; 0: never */
	char last_error[512]; /* "" when there was none; safe to log */
};

/* Called from the loop when `reachable` or `foreign` changes and at the first error, so that one line
 * can be logged. May call every function below but gthulhu_free(). */
typedef void (*gthulhu_changed_fn)(void *data, const struct gthulhu_stats *stats);

typedef void (*gthulhu_done_fn)(void *data, int r);

struct gthulhu;

/* Without a readable key file that holds a public key it fails and says what to do. The file is read
 * again for each token. The options are borrowed during the call only. changed may be NULL. */
int gthulhu_start(struct gthulhu **ret, struct loop *loop, const struct gthulhu_options *options,
		  gthulhu_changed_fn changed, void *data, struct err *err);
void gthulhu_free(struct gthulhu *g); /* sends nothing; NULL is fine */

/* Takes a copy as the list to keep posted. Until a first list that is not empty the server is left
 * alone; an empty one after that is posted as a neutral one, see gthulhu_withdraw(). -ENOMEM. */
int gthulhu_set(struct gthulhu *g, const struct strategy_list *list);

/* Posts a list that boosts nobody and calls done(data, r) once, from the loop: 0, or -ETIMEDOUT when
 * the server did not take it within deadline_ns. A server that never had a list may be away: 0. done may call gthulhu_free(). The list has one
 * entry, this process without priority: the server answers an empty list with null, which the
 * scheduler reads as "no news" and keeps every boost. */
void gthulhu_withdraw(struct gthulhu *g, uint64_t deadline_ns, gthulhu_done_fn done, void *data);

void gthulhu_get_stats(const struct gthulhu *g, struct gthulhu_stats *ret);

/* Asks the server for its list and waits for it; for a command line. Runs a loop of its own. */
int gthulhu_show(const struct gthulhu_options *options, struct strategy_list *ret, struct err *err);
