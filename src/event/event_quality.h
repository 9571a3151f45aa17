/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How well a tunnel, a QoS flow or a path works: the objects "sequence", "echo" and "delay" of rows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "event_kind.h"
#include "jsonw.h"

enum event_quality_kind {
	QUALITY_OF_TUNNEL,   /* "sequence": GTP-U sequence numbers (TS 29.281 5.1) */
	QUALITY_OF_QOS_FLOW, /* "sequence": those of a PDU Session Container (TS 38.415 5.5.3) */
	QUALITY_OF_ECHO,     /* "echo" */
	/* "delay", by the container's time stamps */
	QUALITY_OF_DELAY_HERE,	   /* from the packet's sender to here */
	QUALITY_OF_DELAY_DOWNLINK, /* from the UPF to the gNB, as that reports */
	QUALITY_OF_DELAY_ROUND,	   /* both ways without the time in the gNB */
	QUALITY_OF_MAX,
};

/* A figure that the kind does not have is 0. */
struct event_quality {
	uint8_t kind;	  /* enum event_quality_kind */
	uint64_t packets; /* with a number; requests; with a stamp */
	/* Numbers passed over; those of them that came after all; numbers behind the highest; numbers that came again;
	 * numbers too far from the others to say; how often the numbers began anew, the first of them a stray. */
	uint64_t missing, filled, reordered, duplicates, stray, restarts;
	uint64_t uncounted; /* numbers that do not count packets: other packets had them, or all pass over as many */
	uint64_t unanswered, unexpected; /* requests without an answer for long; answers to no request */
	uint64_t implausible;		 /* stamps more than a day off, in no other figure */
	uint64_t timed;			 /* answers or delays that the times are of */
	int64_t sum_ns, min_ns, max_ns;	 /* signed: the clocks of two nodes differ */
};

/* KIND_SEQUENCE, KIND_ECHO or KIND_DELAY, whose name is the name of the object too. */
enum event_kind event_quality_row(uint8_t kind);
/* "tunnel", "qos_flow", "here", "downlink", "round_trip"; NULL: there is only one. */
const char *event_quality_of(uint8_t kind);

/* The mean of the times; 0 where there is none. */
int64_t event_quality_mean_ns(const struct event_quality *q);

/* Of sequence numbers: false where too many of them do not count packets, to say what was lost or came twice. */
bool event_quality_usable(const struct event_quality *q);

/* Adds the counts of q to those of to. */
void event_quality_add(struct event_quality *to, const struct event_quality *q);

void event_quality_json(const struct event_quality *q, struct jw *j);
void event_quality_text(const struct event_quality *q, struct buf *out);
