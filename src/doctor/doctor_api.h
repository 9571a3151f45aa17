/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The API server that strategies go to: reachable, Gthulhu's at all, does it take the key, its clock. */
#pragma once

#include <stdint.h>

#include "doctor_report.h"
#include "gthulhu.h"

/* Asks the server; api NULL: none, and why says why. */
void doctor_api(const struct gthulhu_options *api, const char *why, struct report *r);

/* date: the server's, in seconds since 1970; now: this node's. */
void doctor_judge_clock(int64_t date, int64_t now, struct report *r);
