/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --input of run and of sched preview. */
#pragma once

#include "settings.h"

/* A tracer's text (trace_pipe, a file, "-") as one more probe and as evidence. 0 or -errno. */
int take_input(const struct settings *s, const char *input, struct err *err);
