/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a program says to its parent that it is ready. 0 or -errno. */
#pragma once

/* Writes the line "ready" to the descriptor, and closes it. Standard output and standard error stay open. */
int ready_write(int fd);

/* Sends READY=1 to the socket that NOTIFY_SOCKET names (sd_notify(3)); 0 where the variable is not set. */
int ready_notify(void);
