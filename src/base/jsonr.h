/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* JSON from outside, read into a tree of bounded size. A tree takes up to 250 bytes for each value, so
 * that 1 MiB of "[{},{},..." would become 90 MiB. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "err.h"

#define JSONR_VALUES_MAX 65536 /* of a whole text, the keys of objects counted too */

/* Reads one value; flags are jansson's. The caller owns *ret. -E2BIG: more than JSONR_VALUES_MAX values;
 * -EINVAL: not JSON; -ENOMEM. err says which, and may be NULL. */
int jsonr_read(json_t **ret, const char *text, size_t len, size_t flags, struct err *err);
