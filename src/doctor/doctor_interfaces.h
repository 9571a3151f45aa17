/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The interfaces that the configuration names: which are watched, and why others are not. */
#pragma once

#include "containers.h"
#include "doctor_report.h"
#include "option.h"

/* Each is attached to for a moment. containers: those there are; NULL: none is known. */
void doctor_interfaces(const struct config *config, const struct containers *containers, struct report *r);
