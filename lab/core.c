/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "plan.h"

static const struct lab_core_traits cores[] = {
	[LAB_CORE_SIMPLE] =
		{
			.name = "simple",
			.path_management = true,
			.error_indications = true,
			.inner_ipv6 = true,
			.upf_mtu = LAB_MTU_INNER,
		},
	[LAB_CORE_FREE5GC] =
		{
			.name = "free5gc",
			.gnb_threads = 12,
			.upf_threads = 9,
			.ue_threads = 9,
			.session_threads = 2,
			.command_line = true,
			.one_ue_netns = true,
			.link_local = true,
			.upf_mtu = 1464,
			.qfi = 1,
			.flow_rules = true,
			.numbered = true,
		},
};

const struct lab_core_traits *lab_core_traits(enum lab_core core)
{
	return &cores[core];
}

const char *lab_core_name(enum lab_core core)
{
	return cores[core].name;
}

int lab_core_parse(const char *text, enum lab_core *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		if (strcmp(text, cores[i].name))
			continue;
		*ret = i;
		return 0;
	}
	return -EINVAL;
}
