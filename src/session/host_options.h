/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Section "host": how a teide in a container sees the node. */
#pragma once

#include "option.h"

enum host_pids { HOST_PIDS_NODE, HOST_PIDS_ANY };

struct host_options {
	const char *proc;
	unsigned pids; /* enum host_pids */
};

extern const struct option_section host_section;

/* Has teide look at the processes of that /proc. -EINVAL with a message that names the key. */
int host_options_apply(const struct config *config, struct err *err);

/* Whether the numbers of /proc are the node's, so that a scheduler of the node may get them. -EOPNOTSUPP with the way
 * out: they are those of another PID namespace, where a number is another process or none. */
int host_pids_check(const struct config *config, struct err *err);
