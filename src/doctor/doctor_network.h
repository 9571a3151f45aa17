/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What lies beside the user plane in a network namespace and breaks sessions: forwarding, reverse
 * path filter, routes, MTU, errors and drops. */
#pragma once

#include <stdint.h>

#include "doctor_report.h"
#include "netns_facts.h"

void doctor_judge_netns(const struct netns_facts *f, struct report *r);

/* Visits every network namespace that has such a device or a socket at the UDP port of GTP-U. */
void doctor_network(const char *root, uint16_t port, struct report *r);
