/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a person wants to see of packets, flows and tunnels: each word has to hold; one that was not said holds for all. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "event.h"

struct event_filter {
	bool by_teid, by_qfi, by_address, by_ue, by_proto, by_direction, by_dir;
	uint32_t teid;
	uint8_t qfi;
	uint8_t proto;	   /* of any layer */
	uint8_t direction; /* enum event_direction */
	uint8_t dir;	   /* enum event_dir */
	uint16_t port;	   /* of any layer and either end; 0: any */
	struct addr address, mask; /* the same */
	struct addr ue;	   /* inside a tunnel, either end */
};

/* key: teid (decimal or 0x), qfi, address (with a prefix: 10.60.0.0/16), ue, port, proto (tcp, udp, icmp, icmpv6, sctp or
 * a number), direction (uplink, downlink), dir (ingress, egress). An empty value takes it back. 0, -ENOENT for another
 * key, -EINVAL. */
int event_filter_set(struct event_filter *f, const char *key, const char *value, struct err *err);

/* What an event does not tell does not hold. */
bool event_filter_passes(const struct event_filter *f, const struct event *e);
