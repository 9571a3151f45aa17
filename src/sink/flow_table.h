/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tunnels and flows as a table for people. */
#pragma once

#include "buf.h"
#include "tunnels.h"

/* The top entries of each kind, those with most bytes a second first. */
void flow_table_print(const struct agg_flows *flows, size_t top, struct buf *out);
