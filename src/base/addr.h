/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IP addresses as 16 bytes in network order, IPv4 mapped into IPv6 (RFC 4291 2.5.5.2): one code path. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct addr {
	uint8_t b[16];
};

#define ADDR_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

struct addr addr_from_v4(uint32_t v4_be);
bool addr_is_v4(const struct addr *a);
uint32_t addr_v4(const struct addr *a); /* network order; 0 when it is no IPv4 address */
bool addr_is_zero(const struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b);

/* "10.0.0.1" or "2001:db8::1"; returns text. */
const char *addr_format(const struct addr *a, char text[static ADDR_TEXT_MAX]);

/* -EINVAL when text is neither an IPv4 nor an IPv6 address. */
int addr_parse(const char *text, struct addr *ret);
