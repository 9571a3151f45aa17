/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tunnels and flows as tables for people. */
#pragma once

#include "buf.h"
#include "quality.h"
#include "tunnels.h"

struct flow_view {
	enum agg_sort sort;
	size_t top;    /* lines of each table; 0: as many as fit, or 20 */
	size_t width;  /* columns that a line may have; 0: any number */
	size_t height; /* lines of it, the same */
	bool per_cpu;  /* rows are for each CPU */
};

/* Totals, tunnels, flows, and below them what there is of quality. */
void flow_table_print(const struct agg_flows *flows, const struct agg_quality *quality, const struct flow_view *view,
		      struct buf *out);
