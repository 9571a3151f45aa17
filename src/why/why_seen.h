/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the rows and events of the probes to what was seen of one session. Rows "flow" and "tunnel" are
 * of TC; of the module rows "session" and "latency", and exits of its packet functions: where there
 * are rows "session", packets are counted by them, else by the exits. */
#pragma once

#include "event.h"
#include "why.h"
#include "why_find.h"

struct why_seen;

/* Keeps what may concern the question, or the session where it is known (else NULL). NULL when out of
 * memory. */
struct why_seen *why_seen_new(const struct why_question *q, const struct why_session *session);
void why_seen_free(struct why_seen *s); /* NULL is fine */

void why_seen_add(struct why_seen *s, const struct event *e);
void why_seen_lost(struct why_seen *s, uint64_t events); /* exits that the ring lost */

#define WHY_ADDRESSES_MAX 64

/* A network namespace that was watched. */
struct why_place {
	const char *netns, *inode;		     /* as events may name it */
	const char *device;			     /* "": none */
	bool user_space;			     /* no kernel knows all its TEIDs */
	struct addr addresses[WHY_ADDRESSES_MAX];    /* its own */
	char owners[WHY_ADDRESSES_MAX][IF_NAMESIZE]; /* their interfaces; "": not known */
	size_t n_addresses;
};

/* Sums up what was seen in the place. 0 or -ENOMEM. */
int why_seen_sum(const struct why_seen *s, const struct why_place *place, struct why_seen_facts *ret);
