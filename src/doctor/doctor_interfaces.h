/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The interfaces that the configuration names: which are watched, and why others are not. */
#pragma once

#include <stdint.h>

#include "containers.h"
#include "doctor_report.h"
#include "option.h"

/* Each is attached to for a moment. containers: those there are; NULL: none is known. *ret_started has a bit for each
 * probe that started for that, by its index in probes[]. */
void doctor_interfaces(const struct config *config, const struct containers *containers, struct report *r,
		       uint64_t *ret_started);
