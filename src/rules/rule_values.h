/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values of gtp5g's rules, read as an operator knows them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "gtp5g_rules.h"

/* A PDR's Flow Description as an IPFilterRule (RFC 6733 4.3.1): "permit out ip from 203.0.113.100/32 to any 80,443".
 * It is as the module compares packets: of an uplink PDR the UE is at "from". Only for a PDR with GTP5G_HAS_FLOW. */
void rule_flow_text(const struct gtp5g_rule *pdr, struct buf *out);

/* The Measurement Period of a URR in seconds. go-upf gives the module the low 32 bits of nanoseconds, of which a period
 * of whole seconds up to a week can be told. false: the URR has none, or the value can be neither or either. */
bool rule_period(const struct gtp5g_rule *urr, uint32_t *ret_s);

/* The Downlink Data Notification Delay of a BAR. go-upf gives the module the low 8 bits of nanoseconds: 0 or 128,
 * whatever the delay. false: the value is one of these, and can mean any delay. */
bool rule_delay(const struct gtp5g_rule *bar, uint32_t *ret_ms);
