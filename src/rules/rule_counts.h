/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the gtpu probe counted of a PDR, or of a device, beside what gtp5g itself did, and why both
 * differ where a reason is known. */
#pragma once

#include "event.h"
#include "gtp5g_counters.h"

/* Sums of "session" rows of one PDR, or of all packets of one namespace. */
struct rule_counts {
	struct {
		struct event_count all;
		struct event_count forwarded; /* to N6, N9 or the gNB */
		struct event_count forwarded_n9;
		struct event_count buffered, echo;
		struct event_count qer_red, backlog_full;
		struct event_count far_drop; /* by a quota too */
		struct event_count unknown;  /* what became of it */
	} uplink, downlink;		     /* received by the module; sent */
};

/* Adds a row; false when it is none of a packet function of gtp5g. */
bool rule_counts_add(struct rule_counts *c, const struct event *row);

#define COUNTS_REASONS_MAX 4

/* One counter of the module over a time. It was read a moment before and after the probe's counts at
 * both ends, so that it counted at least module and at most module_most in between. */
struct counts_row {
	const char *counter; /* "ul_packets" */
	uint64_t module, module_most;
	uint64_t teide;
	struct {
		const char *reason; /* static */
		int64_t amount;	    /* by which the module counts more than teide */
	} because[COUNTS_REASONS_MAX];
	size_t n_because;
	int64_t unexplained; /* 0: it all adds up */
};

typedef void (*counts_fn)(const struct counts_row *row, void *data);

/* Readings before and after the probe's own at the start [0] and the end [1]. */
struct pdr_readings {
	struct gtp5g_pdr_counts before[2], after[2];
};

/* n9: the PDR's FAR creates an outer header. Calls visit for each counter. -ESTALE when a counter went back:
 * the PDR is another one. */
int rule_counts_compare_pdr(const struct pdr_readings *module, const struct rule_counts *teide, bool n9,
			    counts_fn visit, void *data);

struct usage_readings {
	struct gtp5g_usage before[2], after[2];
};

/* version: what counts as sent is compared from 0.9.16 on; before, the module counts drops as well. */
int rule_counts_compare_usage(const struct usage_readings *module, const struct rule_counts *teide, const char *version,
			      counts_fn visit, void *data);
