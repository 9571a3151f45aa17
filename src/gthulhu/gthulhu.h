/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The back end that keeps a Gthulhu-compatible API server up to date, by the protocol of the server: a list
 * of PIDs that each POST replaces, intents of a node's decision maker, or a strategy of the cluster's
 * manager. The list is sent at once when it changes (at most once a second), again every interval, and read
 * back: a server may serve a stale cache, several servers behind one name each have a list of their own, and
 * others write too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "err.h"
#include "loop.h"
#include "option.h"
#include "strategy.h"

enum gthulhu_protocol {
	GTHULHU_ANY_PROTOCOL, /* ask the server */
	GTHULHU_PID_LIST,
	GTHULHU_DECISION_MAKER,
	GTHULHU_MANAGER,
};

enum gthulhu_mode { GTHULHU_OWN, GTHULHU_MERGE };

struct gthulhu_options {
	bool enabled;
	const char *url;   /* base; what follows "/api/v1" is cut off */
	unsigned protocol; /* enum gthulhu_protocol */
	unsigned mode;	   /* enum gthulhu_mode */
	uint64_t interval_ns;
	uint64_t timeout_ns;		  /* of one exchange */
	const char *public_key_path;	  /* PEM "PUBLIC KEY"; not for a manager */
	const char *user, *password_file; /* for a manager; "": none */
	uint64_t priority;		  /* 1 to 9, where the server takes a number */
	const char *node;		  /* "": the host's name */
	struct string_list pod_labels;	  /* "KEY=VALUE" */
	struct string_list pod_namespaces;
	const char *ca_file, *cert_file, *key_file; /* "": the system's CAs, no client certificate */
};

extern const struct option_section api_section; /* "api", struct gthulhu_options */

struct gthulhu_stats {
	bool reachable;			/* the last exchange worked */
	bool foreign;			/* what was last read back is not what was posted, even after a second POST */
	enum gthulhu_protocol protocol; /* the server's; GTHULHU_ANY_PROTOCOL: not known yet */
	uint64_t posts;			/* lists that the server took */
	uint64_t tokens;		/* tokens received */
	uint64_t errors;		/* exchanges that failed */
	const char *contested;		/* static: another writer changes what is posted; NULL: none was seen of late */
	uint64_t overwritten;		/* times that another writer had changed it */
	uint64_t verified, mismatches;	/* lists read back: as posted, or not */
	size_t entries;			/* of the last list that the server took; what it lists, where it was read */
	size_t strangers;		/* threads that it boosts besides, by the same names */
	size_t ended;			/* entries left out of it: the process has ended, or its pid is another's */
	size_t inexpressible;		/* entries left out of it: the server's API has no words for them */
	uint64_t last_success_ns, last_error_ns; /* boot clock; 0: never */
	char last_error[512];			 /* "" when there was none; safe to log */
};

typedef void (*gthulhu_changed_fn)(void *data, const struct gthulhu_stats *stats);

typedef backend_done_fn gthulhu_done_fn;

struct gthulhu;

/* Without a readable key file that holds a public key, or for a manager a user and a password file, it
 * fails and says what to do. The files are read again for each token. The options are borrowed during
 * the call only. */
int gthulhu_start(struct gthulhu **ret, struct loop *loop, const struct gthulhu_options *options, struct err *err);
void gthulhu_free(struct gthulhu *g); /* sends nothing; NULL is fine */

/* fn is called from the loop when `reachable` or `foreign` changes and at the first error, so that one line
 * can be logged. It may call every function of this header but gthulhu_free(). */
void gthulhu_on_change(struct gthulhu *g, gthulhu_changed_fn fn, void *data);

/* The same as a back end; it is g's. */
struct backend *gthulhu_backend(struct gthulhu *g);

/* Takes a copy as the list to keep posted. Until a first list that is not empty the server is left
 * alone; an empty one after that takes everything back. Entries of a process that has ended by the
 * time of sending are left out. -ENOMEM. */
int gthulhu_set(struct gthulhu *g, const struct strategy_list *list);

/* Takes everything back in the way that the scheduler behind the server honours, sees that it is gone,
 * and calls done(data, r) once, from the loop: 0, or -ETIMEDOUT when the server did not take it within
 * deadline_ns. A server that never had a list may be away: 0. done may call gthulhu_free(). */
void gthulhu_withdraw(struct gthulhu *g, uint64_t deadline_ns, gthulhu_done_fn done, void *data);

void gthulhu_get_stats(const struct gthulhu *g, struct gthulhu_stats *ret);

/* Notes for the user although nothing failed, each once: fn gets a line to log as a warning, from within this
 * call what is known already, later from the loop. It may not free g. */
typedef void (*gthulhu_note_fn)(void *data, const char *note);
void gthulhu_on_note(struct gthulhu *g, gthulhu_note_fn fn, void *data);

/* A manager's strategy or node policy. */
struct gthulhu_rule {
	bool node; /* of nodes, not of pods */
	char id[64];
	char scope[128];   /* its name, or the nodes */
	char command[256]; /* regular expression of commands */
	int64_t priority;
	uint64_t execution_time_ns;
};

#define GTHULHU_RULES_MAX 256

/* What a server holds. */
struct gthulhu_view {
	enum gthulhu_protocol protocol;
	struct strategy_list list;  /* of a server that lists PIDs */
	struct gthulhu_rule *rules; /* this user's, of a manager */
	size_t n_rules;
	const char *note; /* static: a warning for the user; NULL: none */
};

/* The pid of the entry that takes a list of PIDs back: no process has it. */
#define GTHULHU_NO_PROCESS INT32_MAX

void gthulhu_view_free(struct gthulhu_view *view); /* usable with _cleanup_ */

/* Asks the server for what it holds and waits for the answer; for a command line. Runs a loop of its own. */
int gthulhu_show(const struct gthulhu_options *options, struct gthulhu_view *ret, struct err *err);

/* Whether the server is on this machine, whose processes its PIDs name. */
bool gthulhu_is_here(const char *url);

/* Of the processes whose leader the list boosts: how many threads it boosts, and how many there are. */
void gthulhu_count_threads(const struct strategy_list *list, size_t *ret_listed, size_t *ret_all);

/* "pid-list", "decision-maker", "manager", as api.protocol has them. */
const char *gthulhu_protocol_name(enum gthulhu_protocol protocol);
