/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

struct addr addr_from_v4(uint32_t v4_be)
{
	struct addr a;

	memcpy(a.b, v4_prefix, sizeof(v4_prefix));
	memcpy(a.b + 12, &v4_be, 4);
	return a;
}

bool addr_is_v4(const struct addr *a)
{
	return !memcmp(a->b, v4_prefix, sizeof(v4_prefix));
}

uint32_t addr_v4(const struct addr *a)
{
	uint32_t v4 = 0;

	if (addr_is_v4(a))
		memcpy(&v4, a->b + 12, 4);
	return v4;
}

bool addr_is_zero(const struct addr *a)
{
	static const struct addr zero;

	return !memcmp(a, &zero, sizeof(zero));
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* By hand: inet_ntop() formats as stdio does, which costs as much as the rest of an event's line. */
static void format_v4(const uint8_t b[4], char *text)
{
	for (int i = 0; i < 4; i++) {
		if (b[i] >= 100)
			*text++ = (char)('0' + b[i] / 100);
		if (b[i] >= 10)
			*text++ = (char)('0' + b[i] / 10 % 10);
		*text++ = (char)('0' + b[i] % 10);
		*text++ = i < 3 ? '.' : '\0';
	}
}

const char *addr_format(const struct addr *a, char text[static ADDR_TEXT_MAX])
{
	if (addr_is_v4(a))
		format_v4(a->b + 12, text);
	else
		inet_ntop(AF_INET6, a->b, text, ADDR_TEXT_MAX);
	return text;
}

int addr_parse(const char *text, struct addr *ret)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ret = addr_from_v4(v4.s_addr);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return -EINVAL;
	memcpy(ret->b, &v6, sizeof(ret->b));
	return 0;
}
