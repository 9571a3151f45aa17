/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counting maps in two generations behind an array of maps: programs count in one of them, user space swaps and drains
 * the other (src/kern/gen.h). Maps that are swapped alone count at place 0. Maps that are swapped
 * together have one generation at each place, and a number beside them says which place counts: a packet whose program
 * reads that number once is in the same generation of each map.
 *
 * The last four bytes of a key are the CPU that counts, so that each entry has one writer. A per-CPU hash has that too,
 * but takes memory for every CPU that the machine could ever get, and a virtual machine often could get 128. */
#pragma once

#include "kernel.h"

#define GENERATIONS_WITH(name, key_type, value_type, flags)                                                            \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                                              \
		__uint(max_entries, 2);                                                                                \
		__uint(key_size, sizeof(__u32));                                                                       \
		__uint(value_size, sizeof(__u32));                                                                     \
		__array(                                                                                               \
			values, struct {                                                                               \
				__uint(type, BPF_MAP_TYPE_HASH);                                                       \
				__uint(max_entries, 1);                                                                \
				__uint(map_flags, flags);                                                              \
				__uint(key_size, sizeof(key_type));                                                    \
				__uint(value_size, sizeof(value_type));                                                \
			});                                                                                            \
	} name SEC(".maps")

/* All memory at once: what tracing programs need before Linux 6.1. */
#define GENERATIONS(name, key_type, value_type) GENERATIONS_WITH(name, key_type, value_type, 0)

/* Memory for what is counted, when it is counted: for programs at TC. */
#define GENERATIONS_AS_NEEDED(name, key_type, value_type)                                                              \
	GENERATIONS_WITH(name, key_type, value_type, BPF_F_NO_PREALLOC)

/* The place that counts in maps that are swapped together. */
#define GENERATION_CHOICE(name)                                                                                        \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                                      \
		__uint(max_entries, 1);                                                                                \
		__type(key, __u32);                                                                                    \
		__type(value, __u32);                                                                                  \
	} name SEC(".maps")

/* The value under key in the generation at that place, made when new; NULL when there is no room. */
static __always_inline void *generation_slot_at(void *generations, __u32 place, const void *key, const void *fresh)
{
	void *map = bpf_map_lookup_elem(generations, &place), *value;

	if (!map)
		return NULL;
	value = bpf_map_lookup_elem(map, key);
	if (value)
		return value;
	bpf_map_update_elem(map, key, fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

/* The same in a map that is swapped alone. */
static __always_inline void *generation_slot(void *generations, const void *key, const void *fresh)
{
	return generation_slot_at(generations, 0, key, fresh);
}

/* The same for a packet that reads the place once for each map: it may be in two generations. */
static __always_inline void *generation_slot_chosen(void *generations, void *choice, const void *key, const void *fresh)
{
	__u32 zero = 0, *place = bpf_map_lookup_elem(choice, &zero);

	return place ? generation_slot_at(generations, *place, key, fresh) : NULL;
}
