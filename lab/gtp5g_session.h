/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules of a UE's session at gtp5g. */
#pragma once

#include "gtp5g.h"
#include "plan.h"

/* A simple one has SEID 0x1000 + UE: PDR 1 and 2, FAR 1 and 2, QER 1. One as free5GC makes it has SEID UE, the rules of
 * lab_plan_pdr() with a FAR for each PDR, and QERs with rates; a downlink FAR gets its peer later, and its PDR is asked
 * for once more. */
int lab_gtp5g_session_add(const struct gtp5g *g, const struct lab_plan *plan, const struct lab_ue *ue, struct err *err);
