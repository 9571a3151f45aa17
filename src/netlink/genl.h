/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Generic netlink of the calling thread's network namespace, one socket per call. */
#pragma once

#include <stdint.h>

#include "err.h"

/* A family's number. -ENOENT when no loaded module has it. */
int genl_family(const char *name, uint16_t *ret, struct err *err);
