/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

#include "err.h"

#define LISTEN_TEXT_MAX 64

struct listen_address {
	char text[LISTEN_TEXT_MAX]; /* as bound, the port a number above 0 */
	bool local;		    /* loopback only */
};

/* Opens a listening TCP socket on "ADDR:PORT", "[ADDR]:PORT" or ":PORT". Returns the descriptor,
 * which the caller closes, or -errno. */
int listen_open(const char *spec, struct listen_address *ret, struct err *err);
