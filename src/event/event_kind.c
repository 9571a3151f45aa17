/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event_kind.h"

static const struct {
	const char *name;
	enum event_payload payload;
} kinds[KIND_MAX] = {
	[KIND_NONE] = {"none", PAYLOAD_NONE},
#define KIND(kind, name, payload) [kind] = {name, PAYLOAD_##payload},
#include "event_kind_table.h"
#undef KIND
};

const char *event_kind_name(enum event_kind kind)
{
	return kinds[kind < KIND_MAX ? kind : KIND_NONE].name;
}

enum event_payload event_kind_payload(enum event_kind kind)
{
	return kinds[kind < KIND_MAX ? kind : KIND_NONE].payload;
}
