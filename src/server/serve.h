/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide server: the server until a signal ends it. */
#pragma once

#include <stdbool.h>

#include "server.h"

struct serve_task {
	const struct server_options *options;
	const char *node; /* this node's name */
	bool json;	  /* how to write where it listens */
	int ready_fd;	  /* as that of struct session_options: when it listens */
};

/* Tells the service manager too that it is ready. Gives up the capabilities of the calling thread. */
int serve(const struct serve_task *task, struct err *err);
