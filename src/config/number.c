/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "config.h"

uint64_t config_number(const struct config *c, const char *section, const char *key)
{
	size_t s, i;
	const struct config_option *o = config_find(c, section, key, &s, &i);

	if (!o || (o->type != OPTION_U64 && o->type != OPTION_SIZE && o->type != OPTION_DURATION))
		return 0;
	return *(const uint64_t *)(const void *)((const char *)c->values[s] + o->offset);
}
