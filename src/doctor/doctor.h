/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Looks a node over: what of teide works on it, what does not and why, and what beside it breaks
 * sessions. Tries things for real and leaves nothing behind. */
#pragma once

#include "containers.h"
#include "doctor_report.h"
#include "gthulhu.h"
#include "option.h"

struct doctor_options {
	const char *root;		     /* "" for the real one */
	const struct config *config;	     /* of all probes */
	const struct containers *containers; /* those there are; NULL: none is known */
	const struct gthulhu_options *api;   /* NULL: no server is asked */
	const char *no_api;		     /* where api is NULL: why */
};

/* Fills ret, which the caller frees. Takes as long as an API server that does not answer is given. */
void doctor_run(const struct doctor_options *options, struct report *ret);
