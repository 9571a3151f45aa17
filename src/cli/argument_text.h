/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What verbs share in reading arguments. */
#pragma once

#include <stdint.h>

#include "err.h"
#include "settings.h"

/* What follows --duration: 10 (seconds), 0.5, 5s, 2m. 0 or -EINVAL. */
int read_duration_flag(const char *text, uint64_t *ret_ns, struct err *err);

/* --set KEY=VALUE; cuts the text in two. */
int apply_key(const struct settings *settings, char *text, struct err *err);
