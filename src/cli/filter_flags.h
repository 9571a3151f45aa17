/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flags by which flows and trace choose packets: the words of event/event_filter.h. */
#pragma once

#include <argp.h>

#include "option.h"

struct filter_flags {
	struct string_list keys, values; /* of the same length */
};

extern const struct argp filter_argp; /* its input is a struct filter_flags */

void filter_flags_free(struct filter_flags *f);
