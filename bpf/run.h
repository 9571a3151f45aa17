/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The mark of a run of teide (kern/run_mark.h): one in each probe's object, used by no program. */
#pragma once

#include "kernel.h"

#define RUN_MARK(probe)                                                                                                \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                                      \
		__uint(max_entries, 1);                                                                                \
		__type(key, __u32);                                                                                    \
		__type(value, __u32);                                                                                  \
	} teide_##probe SEC(".maps")
