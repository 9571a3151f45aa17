/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the parts that the records of all probes share (abi/record.h) to the event. A key that the record does not know
 * stays absent. */
#pragma once

#include "event.h"
#include "record.h"

/* Time, CPU, and the task with its context and cgroup. */
void event_take_header(struct event *e, const struct record_hdr *h);
/* tid or tgid may be RECORD_NO_NUMBER, context CONTEXT_UNKNOWN. */
void event_take_task(struct event *e, uint32_t tgid, uint32_t tid, uint8_t context);
void event_take_gtp(struct event *e, const struct record_gtp *g);
void event_take_outer(struct event *e, const struct record_tuple *t);
void event_take_tcp(struct event *e, uint8_t flags);
void event_take_inner(struct event *e, const struct record_tuple *t);

/* A name that need not end in NUL. */
void event_take_name(char to[static EVENT_NAME_MAX], const char from[static EVENT_NAME_MAX]);
