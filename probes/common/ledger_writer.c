/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ledger_writer.h"

void ledger_write(const struct ledger_writer *w, const char *name, const char *reason, uint64_t value)
{
	w->fn(w->data, &(struct ledger_row){.where = w->where, .name = name, .reason = reason, .value = value});
}

void ledger_write_ring(struct ledger_writer *w, const struct ring *ring, bool samples, const char *refused,
		       uint64_t n_refused)
{
	struct ring_counts c;

	if (ring_counts(ring, &c) < 0)
		return;
	w->where = "ring";
	ledger_write(w, "emitted", NULL, c.emitted);
	ledger_write(w, "delivered", NULL, c.delivered);
	ledger_write(w, "pending", NULL, c.pending);
	if (samples)
		ledger_write(w, "sampled_out", NULL, c.sampled_out);
	for (int i = 0; i < RING_LOST_MAX; i++)
		ledger_write(w, "lost", ring_lost_name((enum ring_lost)i), c.lost[i]);
	ledger_write(w, refused, NULL, n_refused);
}
