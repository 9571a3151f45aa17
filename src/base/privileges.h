/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include "err.h"

/* Gives up every capability of the calling thread, for good and for what it may execute. */
int privileges_drop(struct err *err);
