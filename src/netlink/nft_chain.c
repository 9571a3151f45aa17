/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "nft_chain.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>

#include "nl.h"

struct chain_visitor {
	void (*visit)(const struct nft_chain *chain, void *data);
	void *data;
};

/* Numbers of nf_tables are in network order. */
static uint32_t get_be32(const struct nlattr *attr, uint32_t otherwise)
{
	return mnl_attr_get_payload_len(attr) == sizeof(uint32_t) ? ntohl(mnl_attr_get_u32(attr)) : otherwise;
}

static bool is_forward_hook(const struct nlattr *hook)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, hook) {
		if (mnl_attr_get_type(attr) == NFTA_HOOK_HOOKNUM)
			return get_be32(attr, NF_INET_NUMHOOKS) == NF_INET_FORWARD;
	}
	return false;
}

static void parse_counters(const struct nlattr *counters, struct nft_chain *chain)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, counters) {
		if (mnl_attr_get_type(attr) != NFTA_COUNTER_PACKETS ||
		    mnl_attr_get_payload_len(attr) != sizeof(uint64_t))
			continue;
		chain->counts = true;
		chain->packets = be64toh(mnl_attr_get_u64(attr));
	}
}

static void copy_name(const struct nlattr *attr, char name[static NFT_CHAIN_NAME_MAX])
{
	if (mnl_attr_validate(attr, MNL_TYPE_STRING) == 0)
		snprintf(name, NFT_CHAIN_NAME_MAX, "%.*s", mnl_attr_get_payload_len(attr), mnl_attr_get_str(attr));
}

static void parse_chain_attr(const struct nlattr *attr, struct nft_chain *chain)
{
	switch (mnl_attr_get_type(attr)) {
	case NFTA_CHAIN_TABLE:
		copy_name(attr, chain->table);
		break;
	case NFTA_CHAIN_NAME:
		copy_name(attr, chain->name);
		break;
	case NFTA_CHAIN_POLICY:
		chain->drops = get_be32(attr, NF_ACCEPT) == NF_DROP;
		break;
	case NFTA_CHAIN_USE: /* no rule can jump to a base chain: its users are its rules */
		chain->has_rules = get_be32(attr, 0);
		break;
	case NFTA_CHAIN_COUNTERS:
		parse_counters(attr, chain);
		break;
	}
}

static int on_chain(const struct nlmsghdr *nlh, void *data)
{
	const struct nfgenmsg *nf = mnl_nlmsg_get_payload(nlh);
	const struct chain_visitor *v = data;
	const struct nlattr *attr;
	struct nft_chain chain = {0};
	bool forward = false;

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*nf)))
		return MNL_CB_OK;
	chain.v4 = nf->nfgen_family == NFPROTO_IPV4 || nf->nfgen_family == NFPROTO_INET;
	chain.v6 = nf->nfgen_family == NFPROTO_IPV6 || nf->nfgen_family == NFPROTO_INET;
	mnl_attr_for_each(attr, nlh, sizeof(*nf)) {
		if (mnl_attr_get_type(attr) == NFTA_CHAIN_HOOK)
			forward = is_forward_hook(attr);
		parse_chain_attr(attr, &chain);
	}
	if (forward && (chain.v4 || chain.v6))
		v->visit(&chain, v->data);
	return MNL_CB_OK;
}

int nft_forward_chains(void (*visit)(const struct nft_chain *chain, void *data), void *data, struct err *err)
{
	struct chain_visitor v = {.visit = visit, .data = data};
	struct nl_message m;
	struct nfgenmsg *nf;

	nl_begin(&m, NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_DUMP);
	nf = nl_header(&m, sizeof(*nf));
	nf->nfgen_family = NFPROTO_UNSPEC;
	nf->version = NFNETLINK_V0;
	return nl_request(&m, on_chain, &v, "listing the chains of nf_tables", err);
}
