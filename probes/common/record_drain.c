/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "record_drain.h"

static void drain_one(void *data, const void *record, size_t len)
{
	struct record_drain *d = data;
	struct event e;

	if (d->decode(d->run, record, len, &e))
		d->emit(d->data, &e);
	else
		++*d->refused;
}

int record_drain(struct ring *ring, size_t max, struct record_drain *drain)
{
	return ring_drain(ring, max, drain_one, drain);
}
