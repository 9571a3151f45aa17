/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Strategies in the words of the APIs that know no PIDs: intents for the commands of a pod, policies for the
 * commands of a node, and a manager's rules. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "gthulhu.h"
#include "strategy.h"

/* All processes of one name in one pod, or outside of pods on the whole node. */
struct intent {
	char pod[CGROUP_POD_MAX]; /* "": a policy of the node */
	char comm[PROC_COMM_MAX];
	uint64_t execution_time_ns; /* the longest of them */
};

struct intent_list {
	struct intent *items; /* owned */
	size_t len, cap;
	size_t inexpressible; /* strategies that no intent reaches */
};

/* What the intents and policies of a server reach. */
struct intent_reach {
	bool any_pod;  /* pods of every UID; else of a UUID alone, which a static pod has not */
	bool for_node; /* policies for processes of the node, whatever pod they are in */
	bool threads;  /* policies match each thread by its own name; else the leader of a process */
};

/* The intent, or the policy, that reaches the thread or at least the leader of its process. False where there is
 * none: without priority, without a printable name, or beyond the server's reach. */
bool intent_of(const struct strategy *s, const struct intent_reach *reach, struct intent *ret);

void intent_list_free(struct intent_list *list); /* usable with _cleanup_ */

/* One intent for each pod and name, in the order of first mention. What was in ret goes. 0 or -ENOMEM. */
int intents_make(const struct strategy_list *list, const struct intent_reach *reach, struct intent_list *ret);

/* Adds what is not there yet. 0 or -ENOMEM. */
int intents_merge(struct intent_list *to, const struct intent_list *from);

bool intents_has(const struct intent_list *list, const struct intent *one);  /* by pod and name */
bool intents_same(const struct intent_list *a, const struct intent_list *b); /* in the same order */

/* How many are of pods, or of the node. */
size_t intents_count(const struct intent_list *list, bool of_node);

/* The body for /api/v1/intents: those of pods with the priority; those of gone that are not in list (gone
 * may be NULL) with priority 0, for a server that knows no other way to take an intent back. */
void intents_write(struct buf *out, const struct intent_list *list, const struct intent_list *gone, uint64_t priority,
		   const char *node);
/* The body of a DELETE at /api/v1/intents for one process of a pod. */
void intents_write_ended(struct buf *out, const struct strategy *s);
/* The body for /api/v1/node-intents: those of the node. */
void intents_write_policies(struct buf *out, const struct intent_list *list, uint64_t priority, const char *node);

/* Names of commands as regular expressions that RE2 takes. */

/* Whether the name of a process (comm) can be written as one: not empty, and printable ASCII. */
bool regex_can_name(const char *comm);
void regex_exact(struct buf *out, const char *comm); /* ^comm$ */

/* What a manager is asked to keep. */
struct rule_wish {
	bool node;	     /* a node policy rather than a strategy for pods */
	const char *owner;   /* tells ours from others' of the same user: a node's name */
	const char *command; /* regular expression; NULL: nothing is wished for */
	uint64_t priority, execution_time_ns;
	const struct string_list *labels, *namespaces; /* of pods */
};

/* The regular expression for all names of the list (true, in out) and the longest time; false when the
 * list has none. */
bool rule_command(const struct intent_list *list, bool node, struct buf *out, uint64_t *ret_time);

struct rule_step {
	enum { RULE_DONE, RULE_CREATE, RULE_UPDATE, RULE_DELETE } what;
	const char *id; /* root's; of the rule to update or delete */
};

/* What to do next to come from what the user's rules are (the answer of .../self) to the one that is
 * wished for: more than one of ours are deleted, a differing one is updated. -EBADMSG when root is no
 * list of rules. */
int rule_plan(const json_t *root, const struct rule_wish *wish, struct rule_step *ret, struct err *err);
void rule_write(struct buf *out, const struct rule_wish *wish, const char *id); /* id NULL: a new one */
void rule_write_id(struct buf *out, bool node, const char *id);

/* Adds the rules of .../self to ret, at most GTHULHU_RULES_MAX in all. -EBADMSG, -ENOMEM. */
int rule_read(const json_t *root, bool node, struct gthulhu_view *ret, struct err *err);
