/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Within this room: the section "processes". */
#pragma once

#include "discover.h"
#include "process_watch.h"

struct process_watch_options {
	struct string_list socket_ports, link_ports;
	const char *tun;
};

/* What to look for. Its strings are the configuration's. */
int process_watch_read_options(const struct config *config, struct discover_options *ret, struct err *err);
