/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Chains of nf_tables, iptables-nft's among them, that forwarded packets of the calling thread's network namespace
 * pass (netlink subsystem nf_tables). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

#define NFT_CHAIN_NAME_MAX 64

struct nft_chain {
	bool v4, v6; /* whose packets: of a table "inet" both */
	char table[NFT_CHAIN_NAME_MAX], name[NFT_CHAIN_NAME_MAX];
	bool drops;	  /* its policy: what no rule accepts is dropped */
	bool has_rules;	  /* of its own */
	bool counts;	  /* the policy's packets are known */
	uint64_t packets; /* that its policy decided */
};

/* Calls visit for each base chain of the hook forward. 0; -ENOENT or another -errno where the kernel has no
 * nf_tables; -EPERM without CAP_NET_ADMIN. */
int nft_forward_chains(void (*visit)(const struct nft_chain *chain, void *data), void *data, struct err *err);
