/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* teide clean. */
#pragma once

#include <stdbool.h>

#include "err.h"

/* Removes what a killed teide left, and writes to standard output what there was before and is after. *ret_left:
 * something stays that no running teide uses, or not everything could be looked at; to verify: anything stays. */
int clean_run(bool verify, bool json, bool *ret_left, struct err *err);
