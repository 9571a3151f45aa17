/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdint.h>

#include "err.h"

/* The effective capabilities of the process, a bit each; 0 when they cannot be read. root: "" for the real one. */
uint64_t privileges_effective(const char *root);

/* Gives up every capability of the calling thread, for good and for what it may execute. */
int privileges_drop(struct err *err);
