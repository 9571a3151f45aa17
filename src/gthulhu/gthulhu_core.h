/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inside the Gthulhu back end: when something is sent is decided once (gthulhu.c), what is sent by the
 * era that the server's API is of (gthulhu_a.c, gthulhu_dm.c, gthulhu_manager.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "gthulhu.h"
#include "gthulhu_intent.h"
#include "gthulhu_session.h"

struct gthulhu;

/* One step of a cycle: the answer to what the last step sent. */
typedef void (*gthulhu_step)(struct gthulhu *g, const struct session_reply *reply);

struct era {
	const char *name; /* as in api.era */
	/* Sends g->sent to the server, or takes everything back when that is empty, step by step; ends
	 * with one of gthulhu_end(), gthulhu_read_back(), gthulhu_fail(). */
	void (*cycle)(struct gthulhu *g);
};

#define GTHULHU_SAMPLE_KEY_NOTE                                                                      \
	"the API server's public key is the sample that Gthulhu ships, whose private half is published: " \
	"whoever reaches the server can change how this node's processes are scheduled; give it a key "   \
	"of its own"

extern const struct backend_ops gthulhu_ops;
extern const struct era era_a, era_decision_maker, era_manager;

struct era_a_state {
	struct strategy_list ours; /* of ours, what the server may hold */
	struct strategy_list body; /* what was posted, others' entries included */
};

struct era_dm_state {
	bool asked;    /* what the server can do, as follows */
	bool replaces; /* a POST of intents replaces the last one; else it adds */
	bool for_node; /* it takes policies of the node */
	struct intent_list now, told; /* of this cycle; what the server may hold */
	struct strategy_list boosted; /* the last list that was not empty */
};

struct era_manager_state {
	bool asked;
	bool for_node;  /* it takes policies of the node */
	bool no_put;    /* it cannot update: delete and create */
	unsigned steps; /* in this cycle */
	uint64_t unseen_until_ns; /* what was created did not show: create no more until then */
	struct buf command; /* of this cycle; no data: nobody is to be boosted */
	uint64_t execution_time_ns;
};

struct gthulhu {
	struct backend backend;
	struct loop *loop;
	struct session *session;
	struct loop_source *timer, *deadline;
	uint64_t interval_ns, priority;
	enum gthulhu_mode mode;
	char *node, *owner; /* the node's name; the name of its strategy */
	struct string_list pod_labels, pod_namespaces;
	struct strategy_list wanted;
	struct strategy_list sent; /* in the cycle under way or last made; the living of wanted */

	const struct era *era;
	gthulhu_step step;
	bool changing; /* the exchange under way may change what the server holds */
	struct era_a_state a;
	struct era_dm_state dm;
	struct era_manager_state manager;

	bool active; /* there was something to say */
	bool in_doubt; /* a list was sent and no answer came: the server may hold it */
	bool busy;
	bool dirty; /* wanted is news to the server */
	bool backing_off;
	bool reposted; /* because what was read back differed */
	unsigned failures;
	unsigned verify_in; /* posts */
	uint64_t next_ns, last_post_ns; /* boot clock */

	bool withdrawing;
	gthulhu_done_fn done;
	void *done_data;

	unsigned notes, noted; /* bits: to be told, told or to be */
	gthulhu_note_fn note;
	void *note_data;
	struct gthulhu_stats stats;
	gthulhu_changed_fn changed;
	void *changed_data;
};

void gthulhu_send(struct gthulhu *g, const struct session_request *request, gthulhu_step step);

/* The server took the list. */
void gthulhu_took(struct gthulhu *g);
bool gthulhu_verify_is_due(struct gthulhu *g); /* counts */

/* Each ends a cycle. */
void gthulhu_end(struct gthulhu *g);
void gthulhu_read_back(struct gthulhu *g, bool same, const char *whose_fault);
void gthulhu_fail(struct gthulhu *g, const struct session_reply *reply);
void gthulhu_fail_with(struct gthulhu *g, int r, const char *text);

/* True when the step failed, and then the cycle has ended. */
bool gthulhu_failed(struct gthulhu *g, const struct session_reply *reply);

void gthulhu_set_era(struct gthulhu *g, const struct era *era);
void gthulhu_inexpressible(struct gthulhu *g, size_t n);

/* gthulhu_alive.c: those of wanted whose process still is who it was. 0 or -ENOMEM. */
int gthulhu_living(const struct strategy_list *wanted, struct strategy_list *ret, size_t *ret_ended);
bool gthulhu_is_alive(int32_t pid);
