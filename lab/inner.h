/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a UE, a gNB or a UPF reads of a user's packet: addresses and DSCP. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "addr.h"

struct inner {
	struct addr src;
	struct addr dst;
	uint8_t dscp;
};

/* -EBADMSG when it is neither an IPv4 nor an IPv6 packet of at least a full header. */
int inner_parse(const void *packet, size_t len, struct inner *ret);
