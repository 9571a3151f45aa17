/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rows of a probe's ledger. */
#pragma once

#include "probe.h"
#include "ring_reader.h"

struct ledger_writer {
	ledger_fn fn;
	void *data;
	const char *where; /* of the rows that follow */
};

void ledger_write(const struct ledger_writer *w, const char *name, const char *reason, uint64_t value);

/* emitted = delivered + pending + lost, at "ring"; and then the records that user space refused, under the probe's
 * name for them. samples: programs leave records out on purpose. Nothing where the ring cannot be asked. */
void ledger_write_ring(struct ledger_writer *w, const struct ring *ring, bool samples, const char *refused,
		       uint64_t n_refused);
