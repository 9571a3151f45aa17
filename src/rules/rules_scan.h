/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include "err.h"
#include "rules.h"

/* Reads the rules of every network namespace that has a gtp5g device, or of the one named (NULL:
 * all). before: what an earlier scan found, kept where a namespace cannot be read this time, or
 * NULL: then no device at all is -EOPNOTSUPP. The caller frees *ret. */
int rules_scan(const char *netns, const struct rules *before, struct rules **ret, struct err *err);
