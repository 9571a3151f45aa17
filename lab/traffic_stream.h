/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One socket that probes go out of and echoes come back to. */
#pragma once

#include "traffic_internal.h"

#define STREAM_RING 1024 /* probes whose echo is still waited for; older ones count as lost */

struct traffic_stream {
	enum traffic_kind kind;
	unsigned flow; /* QoS flow from 1 */
	unsigned ue;
	uint16_t echo_id;
	int fd; /* owned, non-blocking, connected */
	uint64_t sequence;
	uint64_t waiting[STREAM_RING / 64]; /* bit set: sent and not yet answered */
};

/* The kernel chooses the source port, so that every stream is a flow of its own. */
int traffic_stream_open(struct traffic_stream *s, const struct traffic_worker *w, enum traffic_kind kind, unsigned flow,
			struct err *err);
void traffic_stream_close(struct traffic_stream *s);

/* Sends the next probe and counts it. -EAGAIN when there is no room just now. */
int traffic_stream_send(struct traffic_stream *s, struct traffic_result *result);

/* Takes and counts all echoes that have come; returns how many were the first of their probe. */
unsigned traffic_stream_receive(struct traffic_stream *s, struct traffic_result *result);
