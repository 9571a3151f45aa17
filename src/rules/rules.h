/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules of gtp5g in all network namespaces at one time, and what differs between two times. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "gtp5g_qers.h"
#include "gtp5g_rules.h"

/* A network namespace that has gtp5g devices. */
struct rules_place {
	uint64_t netns;	   /* inode */
	char name[64];	   /* of the namespace */
	char devices[128]; /* their names, with commas: a dump does not say which rule is whose */
	unsigned n_devices;
	char version[GTP5G_VERSION_MAX];
	size_t malformed, left_out; /* rules that could not be read, did not fit */
};

struct rules;

/* max: more rules than that are refused. NULL: out of memory. */
struct rules *rules_new(size_t max);
void rules_free(struct rules *t); /* NULL is fine */

/* 0, -ENOSPC when full (counted as left out of the place), -ENOMEM. */
int rules_add_place(struct rules *t, const struct rules_place *place);
int rules_add(struct rules *t, uint64_t netns, const struct gtp5g_rule *rule);

/* Puts the rules in order and drops those that came twice: call it once, after the last was added,
 * and before any of the functions below. */
void rules_sort(struct rules *t);

/* One rule more, or in the place of the one of its kind, SEID and number, in order; 0, -ENOSPC or -ENOMEM.
 * Pointers to rules of the table end. */
int rules_put(struct rules *t, uint64_t netns, const struct gtp5g_rule *rule);
void rules_remove(struct rules *t, uint64_t netns, const struct gtp5g_rule *rule);

/* Of one number: the same contents, as far as both tell them. A request tells a PDR's source interface, the module does
 * not. */
bool rules_same(const struct gtp5g_rule *a, const struct gtp5g_rule *b);

/* Rules of different contents under one number: of two devices in one namespace. */
size_t rules_ambiguous(const struct rules *t);
size_t rules_left_out(const struct rules *t); /* by max */

size_t rules_places(const struct rules *t);
const struct rules_place *rules_place(const struct rules *t, size_t i);
const struct rules_place *rules_place_of(const struct rules *t, uint64_t netns); /* or NULL */

/* The first rule of a kind in a namespace, in the order of SEID and number, or NULL. */
struct rules_item;
const struct rules_item *rules_first(const struct rules *t, uint64_t netns, enum gtp5g_rule_kind kind);
/* The next of the same namespace and kind, or NULL. */
const struct rules_item *rules_next(const struct rules *t, const struct rules_item *item);
const struct gtp5g_rule *rules_get(const struct rules_item *item);

/* One rule, or NULL. */
const struct gtp5g_rule *rules_find(const struct rules *t, uint64_t netns, enum gtp5g_rule_kind kind, uint64_t seid,
				    uint32_t id);

/* What the PDR's QERs do to its packets, by the version of its place; a QER that is missing does nothing. */
void rules_qers(const struct rules *t, uint64_t netns, const struct gtp5g_rule *pdr, struct gtp5g_qers *ret);

/* The first PDR that refers to the FAR and tells a UE's address, else any that refers to it; or
 * NULL. */
const struct gtp5g_rule *rules_pdr_of_far(const struct rules *t, uint64_t netns, const struct gtp5g_rule *far);

enum rules_direction { RULES_UNKNOWN, RULES_UPLINK, RULES_DOWNLINK };

/* Of a PDR. Told by its source interface where the module sends it, else by what it matches and
 * where its FAR (may be NULL) sends it; a PDR that relays from tunnel to tunnel (N9) can be either. */
enum rules_direction rules_direction(const struct gtp5g_rule *pdr, const struct gtp5g_rule *far);

enum rules_event {
	RULES_CREATED,
	RULES_REMOVED,
	RULES_CHANGED,
	RULES_HANDOVER, /* beside RULES_CHANGED: a FAR's packets go to another peer */
	RULES_RESUMED,	/* beside it: a FAR that buffered forwards to its peer again */
	RULES_REFUSED,	/* asked for, and the module did not do it; after: what was asked for */
};

/* Which task changed a rule and when, where the request itself was seen. */
struct rules_cause {
	const struct event *event; /* the request */
	/* Of a FAR: packets that it kept, and that were dropped on its way, since since_ns (boot clock):
	 * its change before, or for a handover when it began to buffer; 0: before it was watched. */
	bool counted;
	struct event_count buffered, dropped;
	uint64_t since_ns;
	bool end_marker;       /* sent */
	bool end_marker_known; /* whether it was */
};

struct rules_change {
	enum rules_event event;
	uint64_t netns;
	const struct gtp5g_rule *before; /* NULL: RULES_CREATED, or not known */
	const struct gtp5g_rule *after;	 /* NULL: RULES_REMOVED; one of both is there */
	const struct rules_cause *cause; /* NULL: seen only by its result */
};

/* What a change of a rule from before to after is beside it: RULES_HANDOVER, RULES_RESUMED, or RULES_CHANGED: nothing.
 * A service request gives the UE a new TEID of the same gNB: that is no handover, unless an End Marker ended the old
 * one. */
enum rules_event rules_beside(const struct gtp5g_rule *before, const struct gtp5g_rule *after, bool end_marker);

/* Calls visit for each difference. Where a table left rules out, nothing is said to be created or
 * removed. */
void rules_diff(const struct rules *before, const struct rules *after,
		void (*visit)(const struct rules_change *change, void *data), void *data);

/* Takes over what before knew of a namespace that could not be read this time; 0 or -errno. */
int rules_keep(struct rules *t, const struct rules *before, uint64_t netns);
