/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What verbs share in reading arguments. */
#pragma once

#include <stdint.h>

#include "err.h"
#include "settings.h"

/* What follows --duration: 10 (seconds), 0.5, 5s, 2m. 0 or -EINVAL. */
int read_duration_flag(const char *text, uint64_t *ret_ns, struct err *err);

/* For a number that 0 in the configuration leaves unset: as a flag 0 would choose nothing. 0 or -EINVAL. */
int refuse_zero_flag(const char *flag, const char *value, struct err *err);

/* --set KEY=VALUE; cuts the text in two. */
int apply_key(const struct settings *settings, char *text, struct err *err);
