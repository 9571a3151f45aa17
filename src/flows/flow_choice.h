/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which rows of flows and tunnels a filter chooses. The row of a flow inside a tunnel does not tell the tunnel's own
 * addresses, the row of a tunnel does not tell what is inside: each is judged by both. */
#pragma once

#include "event.h"
#include "event_filter.h"

struct flow_choice;

/* NULL when out of memory. The filter stays the caller's. */
struct flow_choice *flow_choice_new(const struct event_filter *filter);
void flow_choice_free(struct flow_choice *c); /* NULL is fine */

/* Hands on what is chosen of a row; a collection's tunnels come before its flows. Where a filter asks for what is
 * inside, a tunnel counts the packets of the flows that were chosen: one row "tunnel" for each of them. */
void flow_choice_row(struct flow_choice *c, const struct event *row, event_fn fn, void *data);

/* After the rows of a collection. */
void flow_choice_collected(struct flow_choice *c);
