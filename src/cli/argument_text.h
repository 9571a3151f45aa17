/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What verbs share in reading arguments and in printing names. */
#pragma once

#include <stdint.h>

#include "err.h"
#include "settings.h"

/* Seconds, with a fraction or without, above 0 and at most `most`. 0 or -EINVAL. */
int parse_seconds(const char *text, double most, uint64_t *ret_ns);

/* --set KEY=VALUE; cuts the text in two. */
int apply_key(const struct settings *settings, char *text, struct err *err);

/* A name may hold escape sequences: control characters become '?', in place. Returns text. */
char *make_printable(char *text);
