/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

#include "err.h"

/* teide trace --release: every teide on this node detaches from the modules that it watches. */
int trace_release(bool json, struct err *err);
