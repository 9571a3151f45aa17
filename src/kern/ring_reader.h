/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The reading end of a BPF ring buffer and its ledger:
 * emitted = delivered + pending + sum of lost. The object was built with bpf/ring.h. */
#pragma once

#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "ring_ledger.h"

struct ring;

/* A record: valid for the call. Its length is the ring's own; what it holds is not checked. */
typedef void (*ring_record_fn)(void *data, const void *record, size_t len);

/* Between open and load: size in bytes, a power of two and a multiple of the page size. */
int ring_prepare(struct bpf_object *object, uint64_t size, struct err *err);

/* After load. */
int ring_open(struct ring **ret, struct bpf_object *object, struct err *err);
void ring_free(struct ring *r); /* NULL is fine */

int ring_poll_fd(const struct ring *r); /* readable while records wait; the ring's */

/* Takes at most max records off the ring and hands them on, without those that a program discarded. Their
 * number, discarded ones included: below max, the ring was empty or its next record unfinished. There is no
 * "all": while a program writes as fast as fn reads, that would never end. */
int ring_drain(struct ring *r, size_t max, ring_record_fn fn, void *data);

struct ring_counts {
	uint64_t emitted, delivered, pending, sampled_out;
	uint64_t lost[RING_LOST_MAX];
};

/* Exact once nothing emits any more, before that up to the programs in flight. 0 or -errno. */
int ring_counts(const struct ring *r, struct ring_counts *ret);

const char *ring_lost_name(enum ring_lost reason);
