/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For "%zu thread%s": "1 thread", "2 threads". */
#pragma once

#include <stdint.h>

static inline const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}
