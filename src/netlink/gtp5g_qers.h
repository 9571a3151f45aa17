/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the QERs of one PDR do to its packets together, by gtp5g's version (pdr_fill() of its src/genl/genl_pdr.c). One
 * QER that has a rate each way polices: the PDR's last, before 0.9.2 its first. Each QER can close a gate; before 0.9.2
 * only the QER that polices can, before 0.8.9 no QER can. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gtp5g_rules.h"

enum gtp5g_qer_era {
	GTP5G_QERS_LAST_POLICES,
	GTP5G_QERS_FIRST_POLICES,
	GTP5G_QERS_FIRST_POLICES_WITHOUT_GATES,
	GTP5G_QERS_NONE_POLICES, /* before 0.8.6 */
};

/* Of a version that is not known: the newest. */
enum gtp5g_qer_era gtp5g_qer_era(const char *version);

struct gtp5g_qers {
	enum gtp5g_qer_era era; /* set by the caller, the others zero */
	bool polices;
	uint32_t policer;
	uint32_t uplink_closer, downlink_closer; /* where the gate is closed */
	uint8_t gate;				 /* GTP5G_GATE_*_CLOSED (gtp5g.h) */
	uint8_t qfi;				 /* of the downlink's packets; 0: none */
};

/* The PDR's QERs in its order. */
void gtp5g_qers_add(struct gtp5g_qers *qers, const struct gtp5g_rule *qer);
