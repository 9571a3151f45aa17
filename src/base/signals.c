/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "signals.h"

#include <stddef.h>

/* A shell starts a background job of a script with SIGINT and SIGQUIT ignored, against the keys of
 * the terminal alone: kill -INT must still end the job. Only SIGHUP is ignored on purpose. */
void end_signals(sigset_t *ret)
{
	struct sigaction hangup;

	sigemptyset(ret);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGQUIT);
	if (sigaction(SIGHUP, NULL, &hangup) < 0 || hangup.sa_handler != SIG_IGN)
		sigaddset(ret, SIGHUP);
}
