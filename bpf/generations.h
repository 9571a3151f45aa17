/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counting maps in two generations behind an array of maps: programs count in the one at place 0, user
 * space swaps and drains the other (src/kern/gen.h). */
#pragma once

#include "kernel.h"

#define GENERATIONS(name, key_type, value_type)                                                    \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, 1);                                                            \
		__uint(key_size, sizeof(__u32));                                                   \
		__uint(value_size, sizeof(__u32));                                                 \
		__array(                                                                           \
			values, struct {                                                           \
				__uint(type, BPF_MAP_TYPE_PERCPU_HASH);                            \
				__uint(max_entries, 1);                                            \
				__uint(key_size, sizeof(key_type));                                \
				__uint(value_size, sizeof(value_type));                            \
			});                                                                        \
	} name SEC(".maps")

/* The value under key in the active generation, made when new; NULL when there is no room. */
static __always_inline void *generation_slot(void *generations, const void *key, const void *fresh)
{
	__u32 zero = 0;
	void *map = bpf_map_lookup_elem(generations, &zero), *value;

	if (!map)
		return NULL;
	value = bpf_map_lookup_elem(map, key);
	if (value)
		return value;
	bpf_map_update_elem(map, key, fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}
