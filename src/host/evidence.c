/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "evidence.h"

#include <errno.h>
#include <string.h>

/* clang-format off */
static const char *const names[] = {
	[EVIDENCE_NAME] = "name",
	[EVIDENCE_SOCKET_OWNER] = "socket",
	[EVIDENCE_SENDER] = "sender",
	[EVIDENCE_BYSTANDER] = "bystander",
	[EVIDENCE_PEER] = "peer",
	[EVIDENCE_TUN_OWNER] = "tun",
	[EVIDENCE_CURRENT] = "current",
	[EVIDENCE_TRACE_PIPE] = "trace_pipe",
};
/* clang-format on */

_Static_assert(sizeof(names) / sizeof(names[0]) == EVIDENCE_MAX, "every kind has a name");

const char *evidence_name(enum evidence kind)
{
	return (unsigned)kind < EVIDENCE_MAX ? names[kind] : "unknown";
}

int evidence_parse(const char *name)
{
	for (int i = 0; i < EVIDENCE_MAX; i++) {
		if (!strcmp(names[i], name))
			return i;
	}
	return -EINVAL;
}
