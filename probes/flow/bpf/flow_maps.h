/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps that the entry programs share with the object of the shared program. */
#pragma once

#include "kernel.h"
#include "flow.h"

#define FLOW_NEXT (-1) /* TCX_NEXT, TC_ACT_UNSPEC: the programs behind still run */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1); /* the number of attachments */
	__type(key, __u32);
	__type(value, struct flow_ledger);
} flow_ledgers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_entry);
} flow_entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} flow_programs SEC(".maps");
