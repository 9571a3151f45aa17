/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two generations of a counting map behind an ARRAY_OF_MAPS (bpf/generations.h): programs count in the
 * active one, a collection swaps and then empties the other, to which no program writes any more. Deleting
 * from a live map would lose counts. */
#pragma once

#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct gen;

/* One key with the value that one CPU counted, both aligned to four bytes at least; valid for the call. The last four
 * bytes of the key are that CPU. */
struct gen_row {
	const void *key;
	const void *value;
	unsigned cpu;
};
typedef void (*gen_row_fn)(void *data, const struct gen_row *row);

/* The entries that keys need where each is counted on some of the CPUs: on every one of a small machine. */
uint32_t gen_room(uint64_t keys);

/* Between open and load: makes the first generation after the inner map that outer declares, with that many entries;
 * the second one is made by the first swap. */
int gen_prepare(struct gen **ret, struct bpf_map *outer, uint32_t max_entries, struct err *err);

/* After load: the first generation becomes active. */
int gen_start(struct gen *g, struct err *err);

/* The same for up to GEN_TOGETHER_MAX maps in the time that one takes. */
#define GEN_TOGETHER_MAX 8
int gen_start_all(struct gen *const gens[], size_t n, struct err *err);

/* Makes the other generation active and waits for the programs that still use the old one (the
 * kernel does, before the update returns). 0, or -errno and all goes on as it was. */
int gen_swap(struct gen *g);

/* Swaps several maps at one instant: a packet is in the same generation of each. choice_fd is an array of one __u32,
 * the place that counts, which the programs read once a packet. *ret_ns is that instant (boot clock). Such maps are
 * never swapped alone. 0, or -errno; then what was counted comes with a later drain. */
int gen_swap_together(struct gen *const gens[], size_t n, int choice_fd, uint64_t *ret_ns);

/* Hands on every key of the inactive generation and empties it. 0 or -errno; what was not handed on
 * then stays for the next time that generation is drained. */
int gen_drain(struct gen *g, gen_row_fn fn, void *data);

/* Both, one after the other. */
int gen_collect(struct gen *g, gen_row_fn fn, void *data);

/* Of both generations, as object_map_memory(). */
uint64_t gen_memory(const struct gen *g);

void gen_free(struct gen *g); /* NULL is fine */
