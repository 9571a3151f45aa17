/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A Gthulhu-compatible API server as a back end. */
#pragma once

#include "backend.h"
#include "gthulhu.h"

/* Takes g over on success. 0 or -ENOMEM. */
int gthulhu_backend_new(struct backend **ret, struct gthulhu *g);
