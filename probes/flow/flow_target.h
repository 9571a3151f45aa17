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
#include "netns.h"
#include "option.h"

struct flow_target {
	char *netns;			    /* how it was found, as for ns_open(); NULL: the process's own */
	char netns_text[64];		    /* the name to show: the last part of netns, or the inode in digits */
	uint64_t netns_inode, netns_cookie; /* the cookie is 0 before Linux 5.14 */
	char interface[IF_NAMESIZE];
	unsigned ifindex;
	bool l3;	      /* frames begin with the IP header */
	uint32_t xdp_program; /* id of the XDP program that runs before TC; 0: none, or not known */
};

struct flow_targets {
	struct flow_target *items;
	size_t len;
	struct string_list absent, why; /* entries that match nothing yet, and what is there instead */
	uint64_t *unread; /* inodes of namespaces that could not be looked at, for another reason than their end */
	size_t n_unread;
};

/* The namespace that an entry's "pid:N" meant when it was looked at first: it is that one for as long as
 * it lives, whatever becomes of the process. Inode 0: none yet. */
struct flow_process_netns {
	uint64_t inode, cookie;
};

struct flow_wanted {
	const struct string_list *entries;
	struct flow_process_netns *processes; /* one an entry */
	const struct containers *containers;
};

void flow_targets_free(struct flow_targets *t);

/* Whether an entry of the option may mean several interfaces at a time. */
bool flow_target_is_many(const char *entry);

/* Whether both are the same interface, whatever it is called by now. */
bool flow_target_same(const struct flow_target *a, const struct flow_target *b);

/* Whether the namespace could not be looked at, so that nothing is known of its interfaces. */
bool flow_target_unread(const struct flow_targets *t, uint64_t netns_inode);

/* Calls fn inside the interface's namespace; -ESRCH when that namespace has gone, else as netns_visit(). */
int flow_target_visit(const struct flow_target *t, netns_fn fn, void *data, struct err *err);

/* Each interface once, however often it was named. An entry that matches nothing is an error that
 * lists what there is; or, where it may come yet, no error. */
int flow_targets_find(struct flow_targets *ret, struct flow_wanted *wanted, bool may_come, struct err *err);
