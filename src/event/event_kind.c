/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event_kind.h"

#include "cleanup.h"

static const char *const names[KIND_MAX] = {
	[KIND_NONE] = "none",
#define KIND(kind, name) [kind] = name,
#include "event_kind_table.h"
#undef KIND
};

const char *event_kind_name(enum event_kind kind)
{
	return kind < ARRAY_SIZE(names) ? names[kind] : names[KIND_NONE];
}
