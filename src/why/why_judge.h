/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* While the reason is looked for that packets of a direction stop: shared by the files that know reasons. */
#pragma once

#include "why_internal.h"

struct why_judge {
	const struct why_facts *f;
	const struct why_network *net;
	const struct why_counts *c;
	const struct why_pdr *pdr; /* that took most, or should; NULL: not known */
	enum why_way way;
	struct why_path *p;
};

/* The reason, a static string, and its text. */
void why_because(const struct why_judge *j, const char *reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What to look at next. */
void why_look(const struct why_judge *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether the way to `what` leads out by an interface that is down, or to a neighbour that does not answer: said then.
 */
bool why_next_hop_fails(const struct why_judge *j, const struct why_route *route, const char *what);

/* why_silence.c: nothing came at N3, at N6, though the other direction's packets left. */
/* Before N3, where they were traced. */
void why_nothing_past_bridge(const struct why_judge *j);
/* At N3 some host is asked for in vain. */
void why_silent_gnb(const struct why_judge *j);
/* hop: the address that is asked for. */
void why_hop_past_xdp(const struct why_judge *j, const char *interface, const char *hop);
void why_nothing_on_n3(const struct why_judge *j);
void why_nothing_on_n6(const struct why_judge *j);
bool why_is_solicitation(const struct why_judge *j); /* most of the uplink are Router Solicitations */
void why_no_advertisement(const struct why_judge *j, uint64_t solicitations);
