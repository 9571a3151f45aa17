/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of commands as regular expressions that RE2 takes. Pure. */
#pragma once

#include <stdbool.h>

#include "buf.h"

/* Whether the name of a process (comm) can be written as one: not empty, and printable ASCII. */
bool regex_can_name(const char *comm);

void regex_escape(struct buf *out, const char *text);

void regex_exact(struct buf *out, const char *comm); /* ^comm$ */
