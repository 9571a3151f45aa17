/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "inner.h"

#include <errno.h>
#include <string.h>

#define IPV4_LEN 20
#define IPV6_LEN 40

static struct addr addr_at(const uint8_t *p, unsigned version)
{
	struct addr a;
	uint32_t v4;

	if (version == 4) {
		memcpy(&v4, p, sizeof(v4));
		return addr_from_v4(v4);
	}
	memcpy(a.b, p, sizeof(a.b));
	return a;
}

int inner_parse(const void *packet, size_t len, struct inner *ret)
{
	const uint8_t *p = packet;
	unsigned version = len ? p[0] >> 4 : 0;

	if (version == 4 && len >= IPV4_LEN) {
		ret->src = addr_at(p + 12, 4);
		ret->dst = addr_at(p + 16, 4);
		ret->dscp = p[1] >> 2;
		return 0;
	}
	if (version == 6 && len >= IPV6_LEN) {
		ret->src = addr_at(p + 8, 6);
		ret->dst = addr_at(p + 24, 6);
		ret->dscp = (uint8_t)((p[0] & 0x0f) << 2 | p[1] >> 6);
		return 0;
	}
	return -EBADMSG;
}
