/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How well tunnels and paths do, as tables for people: of each kind of which there is anything. */
#pragma once

#include "buf.h"
#include "quality.h"

/* The top entries of each kind. */
void quality_table_print(const struct agg_quality *quality, size_t top, struct buf *out);
