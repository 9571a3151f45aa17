/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How well tunnels and paths do, as tables for people: of each kind of which there is anything. */
#pragma once

#include "buf.h"
#include "quality.h"

struct quality_view {
	size_t top;   /* entries of each kind */
	size_t width; /* columns; 0: any number */
};

void quality_table_print(const struct agg_quality *quality, const struct quality_view *view, struct buf *out);
