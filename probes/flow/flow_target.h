/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the option's words to interfaces: "[WHERE/]IFACE", patterns welcome, of which those in IFACE leave loopback out.
 * WHERE is a network namespace as for ns_open(), a pattern for the names under /run/netns, "*" for every one of the
 * node, "pod:POD" or "container:CONTAINER" as in host/containers.h. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "containers.h"
#include "err.h"
#include "option.h"

struct flow_target {
	char *netns; /* as for ns_open(); NULL: the process's own */
	char netns_text[64]; /* the name to show: the last part of netns, or the inode in digits */
	uint64_t netns_inode, netns_cookie; /* the cookie is 0 before Linux 5.14 */
	char interface[IF_NAMESIZE];
	unsigned ifindex;
	bool l3; /* frames begin with the IP header */
};

struct flow_targets {
	struct flow_target *items;
	size_t len;
	struct string_list absent, why; /* entries that match nothing yet, and what is there instead */
};

void flow_targets_free(struct flow_targets *t);

/* Whether both are the same interface, whatever it is called by now. */
bool flow_target_same(const struct flow_target *a, const struct flow_target *b);

/* Each interface once, however often it was named. An entry that matches nothing is an error that
 * lists what there is; or, where it may come yet, no error. */
int flow_targets_find(struct flow_targets *ret, const struct string_list *entries, const struct containers *containers,
		      bool may_come, struct err *err);
