/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a node does to the device it has just made, in its own namespace. */
#pragma once

#include "err.h"
#include "plan.h"

/* uesimtun0: no link-local address (the kernel would send router solicitations through the tunnel),
 * MTU, the UE's addresses, up, default routes. */
int lab_device_setup_ue(const struct lab_plan *plan, const struct lab_ue *ue, struct err *err);

/* upfgtp: the same, without an address, with routes to the UE pools. */
int lab_device_setup_upf(const struct lab_plan *plan, struct err *err);
