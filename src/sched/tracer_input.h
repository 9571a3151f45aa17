/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --input of run and of sched preview. */
#pragma once

#include "settings.h"

/* Adds a tracer's text (trace_pipe, a file, "-") as the input of that probe, and the probe to those that run and to the
 * evidence. 0 or -errno. */
int add_tracer_input(const struct settings *s, const char *probe, const char *input, struct err *err);
