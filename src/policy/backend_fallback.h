/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two back ends of which one at a time has the list: the first while it works, the second while it
 * does not. Until the first has shown either, nobody is boosted. No thread is boosted by both. */
#pragma once

#include "backend.h"

/* Takes both over on success. 0 or -ENOMEM. */
int auto_start(struct backend **ret, struct backend *first, struct backend *second);
