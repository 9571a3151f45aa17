/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inside the Gthulhu back end: gthulhu_cycle.c decides when something is sent; the protocol of the server
 * decides what (gthulhu_pid_list.c, gthulhu_decision_maker.c, gthulhu_manager.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "gthulhu.h"
#include "gthulhu_intents.h"
#include "gthulhu_record.h"
#include "gthulhu_session.h"

struct gthulhu;

enum gthulhu_note {
	NOTE_SAMPLE_KEY = 1,
	NOTE_INEXPRESSIBLE = 2,
	NOTE_REPLACES = 4,
	NOTE_NO_DELETE = 8,
	NOTE_UNREADABLE = 16,
	NOTE_KEEPS_SERVING = 32,
	NOTE_LEFT_ELSEWHERE = 64,
	NOTE_NO_RECORD = 128,
	NOTE_NO_SCHEDULER = 256,
};

/* One step of a cycle: the answer to what the last step sent. */
typedef void (*gthulhu_step)(struct gthulhu *g, const struct api_reply *reply);

struct protocol {
	const char *name; /* as in api.protocol */
	/* Sends g->sent to the server, or takes everything back when that is empty, step by step; ends with
	 * gthulhu_end(), gthulhu_read_back() or gthulhu_fail(). */
	void (*cycle)(struct gthulhu *g);
};

#define GTHULHU_SAMPLE_KEY_NOTE                                                                                        \
	"the API server's public key is the sample that Gthulhu ships, whose private half is published: "              \
	"any client that reaches the server can change how this node's processes are scheduled; give it a key "        \
	"of its own"

extern const struct backend_ops gthulhu_ops;
extern const struct protocol protocol_pid_list, protocol_decision_maker, protocol_manager;

struct pid_list_state {
	struct strategy_list ours; /* of our entries, what the server may hold */
	struct strategy_list body; /* what was posted, others' entries included */
	bool knows_own;		   /* the server took body */
	bool after_failure;	   /* since the last look */
	unsigned unread;	   /* lists in a row that could not be read */
	uint64_t looked_ns;	   /* boot clock; 0: never */
};

enum maker_threads { THREADS_NOT_KNOWN, THREADS_LISTED, LEADERS_ONLY };
enum maker_root { MAKER_INTENTS, MAKER_POLICIES, MAKER_ROOTS };
#define MAKER_ROOT_MAX 80

struct decision_maker_state {
	bool asked;				     /* what the server can do, as follows */
	bool replaces;				     /* a POST of intents replaces the last one; else it adds */
	bool no_delete;				     /* it cannot delete intents */
	bool for_node;				     /* it takes policies of the node */
	enum maker_threads threads;		     /* what policies match */
	char roots[MAKER_ROOTS][MAKER_ROOT_MAX];     /* the server's; "": of nothing, or none */
	char own_roots[MAKER_ROOTS][MAKER_ROOT_MAX]; /* those of this run's last list */
	bool knows_own, after_failure, remembering;
	void (*next)(struct gthulhu *g);
	struct intent_list wanted, held; /* in this cycle; what the server may hold */
	struct strategy_list boosted;	 /* the last list that was not empty */
	struct strategy_list told;	 /* the last list that the server took */
};

struct manager_state {
	bool asked;
	bool for_node;		  /* it takes policies of the node */
	bool no_policies;	  /* it knows none; else the user may lack the right */
	bool settled;		  /* the manager has what is wished for, as of the last cycle */
	bool no_put;		  /* it cannot update: delete and create */
	unsigned steps;		  /* in this cycle */
	uint64_t unseen_until_ns; /* what was created did not show: create no more until then */
	struct buf command;	  /* of this cycle; no data: no process is to be boosted */
	uint64_t execution_time_ns;
};

/* Threads that the server lists of so many, and others that it boosts. */
struct coverage {
	size_t listed, of, strangers;
};

struct gthulhu {
	struct backend backend;
	struct loop *loop;
	struct api_session *session;
	struct loop_source *timer, *deadline;
	uint64_t interval_ns, priority;
	enum gthulhu_mode mode;
	char *node, *owner; /* the node's name; the name of its strategy */
	struct string_list pod_labels, pod_namespaces;
	struct strategy_list wanted;
	struct strategy_list sent; /* in the cycle under way or the last one; of wanted, what still runs */

	const struct protocol *protocol;
	gthulhu_step step;
	bool changing; /* the exchange under way may change what the server holds */
	struct pid_list_state pid_list;
	struct decision_maker_state maker;
	struct manager_state manager;

	struct api_record record;
	bool active;	/* there was a list that was not empty */
	bool ambiguous; /* a list was sent and no answer came: the server may hold it */
	bool busy;
	bool dirty; /* wanted is news to the server */
	bool backing_off;
	bool reposted; /* because what was read back differed */
	unsigned calm; /* looks without another writer */
	unsigned failures;
	unsigned verify_in;		/* posts */
	uint64_t next_ns, last_post_ns; /* boot clock */

	bool withdrawing;
	gthulhu_done_fn done;
	void *done_data;

	struct coverage covered;  /* as last noted */
	const char *contest_told; /* stats.contested, as last reported */
	unsigned notes, noted;	  /* enum gthulhu_note: pending; pending or reported */
	gthulhu_note_fn note;
	void *note_data;
	struct gthulhu_stats stats;
	gthulhu_changed_fn changed;
	void *changed_data;
};

void gthulhu_send(struct gthulhu *g, const struct api_request *request, gthulhu_step step);

/* The server took the list. */
void gthulhu_took(struct gthulhu *g);
bool gthulhu_verify_is_due(struct gthulhu *g); /* counts */

/* What a look before sending shows: another writer (text is static) has changed what this run posted; or none. */
void gthulhu_overwritten(struct gthulhu *g, const char *text);
void gthulhu_undisturbed(struct gthulhu *g);

/* What was read back: so many threads of the list, and so many others with priority. */
void gthulhu_covers(struct gthulhu *g, size_t listed, size_t strangers);

/* Each ends a cycle. */
void gthulhu_end(struct gthulhu *g);
void gthulhu_read_back(struct gthulhu *g, bool same, const char *whose_fault);
void gthulhu_fail(struct gthulhu *g, const struct api_reply *reply);
void gthulhu_fail_with(struct gthulhu *g, int r, const char *text);

/* True when the step failed, and then the cycle has ended. */
bool gthulhu_failed(struct gthulhu *g, const struct api_reply *reply);

void gthulhu_set_protocol(struct gthulhu *g, const struct protocol *protocol);
void gthulhu_inexpressible(struct gthulhu *g, size_t n);

/* The entries of wanted whose process still runs the same program. 0 or -ENOMEM. */
int gthulhu_living(const struct strategy_list *wanted, struct strategy_list *ret, size_t *ret_ended);
bool gthulhu_is_alive(int32_t pid);

/* For gthulhu.c. */
void gthulhu_plan(struct gthulhu *g); /* sets the timer for the next cycle */
void gthulhu_on_timer(void *g);
void gthulhu_on_deadline(void *g);
void gthulhu_record_doubt(struct gthulhu *g); /* before an exchange is given up */

void gthulhu_add_note(struct gthulhu *g, enum gthulhu_note note);
void gthulhu_report_notes(struct gthulhu *g);
