/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One row of the tables of tunnels and flows: its texts, and the columns that they have. */
#pragma once

#include <stdbool.h>

#include "escape.h"
#include "flow_table.h"

#define PLACE_RAW_MAX 160
#define PLACE_MAX ESCAPED_MAX(PLACE_RAW_MAX)
#define ENDS_MAX 192
#define NUMBERS_MAX 96

/* How wide the columns are that give way. */
struct layout {
	const struct flow_view *view;
	char own[24];	    /* this network namespace, as a row names it */
	size_t place, ends; /* ends: of a flow; the others have the protocol's room too */
	size_t number;	    /* each of the four numbers */
	bool rated;	    /* there has been time enough for rates */
	bool stacked;	    /* too narrow for one line: place and tunnel, then ends, then numbers */
};

/* shown: the rows that will be laid out. */
void layout_make(struct layout *l, const struct flow_view *view, const struct agg_flow *const *shown, size_t n);

void flow_row(const struct layout *l, const struct agg_flow *f, struct buf *out);
void flow_row_heading(const struct layout *l, enum agg_kind kind, struct buf *out);
/* A line that is no row: a sum, or what is not listed. */
void flow_row_sum(const struct layout *l, const char *about, const struct agg_flow *sum, struct buf *out);
