/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Limits of the process (getrlimit(2)). */
#pragma once

/* Raises the soft limit of open descriptors to the hard one: each interface takes two, each Linux
 * service starts with 1024. Where that fails, the limit stays as it is. Children inherit it: they
 * must not use select(2). */
void rlimit_raise_descriptors(void);
