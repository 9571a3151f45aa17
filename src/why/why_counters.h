/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel itself counts of packets that it drops (Documentation/networking/snmp_counter.rst). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Those of one file stand together: it is read once. */
enum why_counter {
	WHY_UDP_CHECKSUM,
	WHY_UDP_QUEUE,
	WHY_UDP_READ, /* datagrams that processes have taken from their sockets */
	WHY_NOT_LOCAL,
	WHY_NO_ROUTE,
	WHY_SENT, /* IP packets of this namespace's own, also those that a filter in OUTPUT takes (Linux 4.19) */
	WHY_HEADER,
	WHY_FRAGMENTS,
	WHY_TCP_CHECKSUM,
	WHY_UDP6_CHECKSUM,
	WHY_UDP6_QUEUE,
	WHY_UDP6_READ,
	WHY_NO_ROUTE6,
	WHY_SENT6,
	WHY_HEADER6,
	WHY_FRAGMENTS6,
	WHY_REVERSE_PATH,
	WHY_MARTIAN_SOURCE,
	WHY_CONNTRACK,
	WHY_COUNTERS
};

struct why_counters {
	uint64_t values[WHY_COUNTERS];
};

/* Reads the counters of the calling thread's network namespace. A counter that cannot be read is 0. */
void why_counters_read(struct why_counters *ret);

/* Adds to *sum how much each grew from before to now. */
void why_counters_grown(const struct why_counters *before, const struct why_counters *now, struct why_counters *sum);

/* The field of a text of the kernel: in a pair of lines with the group's name ("Udp: names", "Udp: values"); of a line
 * with the field's name; or the sum of a column of hexadecimal numbers under its name. 0 where there is none. */
uint64_t why_counter_in_pair(const char *text, const char *group, const char *field);
uint64_t why_counter_in_line(const char *text, const char *field);
uint64_t why_counter_in_column(const char *text, const char *field);
