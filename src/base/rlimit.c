/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rlimit.h"

#include <sys/resource.h>

void rlimit_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}
