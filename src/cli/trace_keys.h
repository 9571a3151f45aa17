/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The keys of the probes' configuration that trace's flags stand for. */
#pragma once

#include "err.h"
#include "filter_flags.h"

/* flags: "PROBE.KEY=VALUE", of one probe alone. Adds "probes.PROBE.KEY=VALUE" to keys for each flag and filter. -EINVAL
 * for one that none of the probes which run knows. */
int trace_keys_add(struct string_list *keys, const struct string_list *probes, const struct string_list *flags,
		   const struct filter_flags *filter, struct err *err);
