/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The namespaces of a process are, to everybody else, those of its first thread (/proc/PID/ns, ip netns
 * pids). This program steps into those of others for a request at a time: from a second thread, or it is
 * taken for one of their processes then, and ended with them. */
#pragma once

/* run(argc, argv) in a thread of its own, which gets the signals. Returns what it returns. */
int run_aside(int (*run)(int argc, char **argv), int argc, char **argv);
