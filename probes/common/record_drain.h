/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the records of a probe's ring to events. */
#pragma once

#include "probe.h"
#include "ring_reader.h"

struct record_drain {
	struct probe_run *run;
	/* false: the record is none of the probe's, or damaged. What the event borrows lives until the next call. */
	bool (*decode)(struct probe_run *run, const void *record, size_t len, struct event *ret);
	uint64_t *refused; /* records that decode refused are added here */
	event_fn emit;
	void *data;
};

/* As ring_drain(). */
int record_drain(struct ring *ring, size_t max, struct record_drain *drain);
