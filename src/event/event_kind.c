/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "event_kind.h"

const struct event_kind_info event_kinds[KIND_MAX] = {
	[KIND_NONE] = {.name = "none"},
#define KIND(kind, name, payload, probe, sort, help) [kind] = {name, PAYLOAD_##payload, probe, SORT_##sort, help},
#include "event_kind_table.h"
#undef KIND
};

const char *event_kind_name(enum event_kind kind)
{
	return event_kinds[kind < KIND_MAX ? kind : KIND_NONE].name;
}

enum event_payload event_kind_payload(enum event_kind kind)
{
	return event_kinds[kind < KIND_MAX ? kind : KIND_NONE].payload;
}

const char *event_payload_name(enum event_payload payload)
{
	static const char *const names[PAYLOAD_MAX] = {"", "flow", "call", "rule", "wait"};

	return names[payload];
}
