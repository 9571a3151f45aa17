/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether the packet filter of the calling thread's network namespace drops forwarded packets that no rule accepts, as
 * Docker sets it up: nf_tables (iptables-nft too) and the older iptables of IPv4. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FORWARD_CHAIN_MAX 192

struct forward_policy {
	bool unknown;		       /* this process may not ask */
	bool drops;		       /* the others are of such a chain */
	bool empty;		       /* it has no rule at all: every packet is dropped */
	bool counts;		       /* dropped is known */
	uint64_t dropped;	       /* packets, by its policy */
	char chain[FORWARD_CHAIN_MAX]; /* "chain FORWARD of table filter" */
};

/* The chain that drops most. Loads no kernel module. root: "" for the real one. */
void forward_policy_read(const char *root, bool v6, struct forward_policy *ret);
