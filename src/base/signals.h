/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The signals that ask a program to end. */
#pragma once

#include <signal.h>

/* SIGINT, SIGTERM, SIGQUIT, and SIGHUP unless the program was started with SIGHUP ignored (nohup). */
void end_signals(sigset_t *ret);
