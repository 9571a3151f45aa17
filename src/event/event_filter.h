/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which packets, flows and tunnels the user wants to see. An event passes when every condition that is set holds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "event.h"

struct event_filter {
	bool by_teid, by_qfi, by_address, by_ue, by_proto, by_direction, by_dir;
	uint32_t teid;
	uint8_t qfi;
	uint8_t proto;		   /* of any layer */
	uint8_t direction;	   /* enum event_direction */
	uint8_t dir;		   /* enum event_dir */
	uint16_t port;		   /* of any layer and either end; 0: any */
	struct addr address, mask; /* of any layer and either end */
	struct addr ue;		   /* inside a tunnel, either end */
};

/* key: teid (decimal or 0x), qfi, address (with a prefix: 10.60.0.0/16), ue, port, proto (tcp, udp, icmp, icmpv6, sctp
 * or a number), direction (uplink, downlink), dir (ingress, egress). An empty value removes the condition. 0, -ENOENT
 * for another key, -EINVAL. */
int event_filter_set(struct event_filter *f, const char *key, const char *value, struct err *err);

/* A condition on a key that the event does not have does not hold. */
bool event_filter_passes(const struct event_filter *f, const struct event *e);
