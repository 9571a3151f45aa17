/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kinds of events and rows. event_kind_table.h is their table: one line a kind. */
#pragma once

enum event_kind {
	KIND_NONE, /* an event that was not filled in */
#define KIND(kind, ...) kind,
#include "event_kind_table.h"
#undef KIND
	KIND_MAX,
};

/* What a kind has beside the head that all share: which member of struct event's union. */
enum event_payload { PAYLOAD_NONE, PAYLOAD_FLOW, PAYLOAD_CALL, PAYLOAD_RULE, PAYLOAD_WAIT, PAYLOAD_MAX };

/* A thing that happened, or what was counted since the row before. */
enum event_sort { SORT_EVENT, SORT_ROW };

struct event_kind_info {
	const char *name; /* JSON's "event", and the first word of a line of text */
	enum event_payload payload;
	const char *probe; /* for documentation, as the rest */
	enum event_sort sort;
	const char *help;
};

extern const struct event_kind_info event_kinds[KIND_MAX];

const char *event_kind_name(enum event_kind kind);
enum event_payload event_kind_payload(enum event_kind kind);

/* In documentation; "" for PAYLOAD_NONE. Static. */
const char *event_payload_name(enum event_payload payload);
