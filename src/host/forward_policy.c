/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "forward_policy.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* After the C library's: it leaves out what that has declared. */
#include <linux/netfilter_ipv4/ip_tables.h>

#include "cleanup.h"
#include "nft_chain.h"

#define PATH_LEN 512
#define RULES_MAX (64u << 20) /* bytes of a table */

struct reading {
	bool v6;
	struct forward_policy *policy;
};

static bool is_worse(const struct forward_policy *p, const struct forward_policy *than)
{
	return !than->drops || p->empty > than->empty || p->dropped > than->dropped;
}

static void on_chain(const struct nft_chain *chain, void *data)
{
	const struct reading *r = data;
	struct forward_policy p = {
		.drops = chain->drops, .empty = !chain->has_rules, .counts = chain->counts, .dropped = chain->packets};

	if (!chain->drops || !(r->v6 ? chain->v6 : chain->v4) || !is_worse(&p, r->policy))
		return;
	snprintf(p.chain, sizeof(p.chain), "chain %s of table %s", chain->name, chain->table);
	*r->policy = p;
}

static bool is_there(const char *root, const char *name)
{
	char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s%s", root, name);
	return !access(path, F_OK);
}

/* A request for what is not loaded would load it. Where the kernel has no modules it is built in, or never there. */
static bool has_nf_tables(const char *root)
{
	return is_there(root, "/sys/module/nf_tables") || !is_there(root, "/proc/modules");
}

static bool has_filter_table(const char *root)
{
	char path[PATH_LEN], line[64];
	_cleanup_fclose_ FILE *file = NULL;
	bool found = false;

	snprintf(path, sizeof(path), "%s/proc/thread-self/net/ip_tables_names", root);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = !strcmp(line, "filter\n");
	return found;
}

/* The last rule of a chain is its policy, a standard target whose verdict is -1 - NF_DROP. */
static void read_policy_rule(const struct ipt_getinfo *info, const struct ipt_get_entries *rules,
			     struct forward_policy *policy)
{
	uint32_t at = info->underflow[NF_INET_FORWARD];
	const struct ipt_entry *rule = (const void *)((const char *)rules->entrytable + at);
	struct forward_policy p = {.drops = true, .empty = info->hook_entry[NF_INET_FORWARD] == at, .counts = true};
	int verdict;

	if (at > rules->size || rules->size - at < sizeof(*rule) + sizeof(struct xt_standard_target) ||
	    rule->target_offset > rules->size - at - sizeof(struct xt_standard_target))
		return;
	memcpy(&verdict, (const char *)rule + rule->target_offset + offsetof(struct xt_standard_target, verdict),
	       sizeof(verdict));
	p.dropped = rule->counters.pcnt;
	if (verdict != -1 - NF_DROP || !is_worse(&p, policy))
		return;
	snprintf(p.chain, sizeof(p.chain), "chain FORWARD of iptables-legacy");
	*policy = p;
}

static void read_older(struct forward_policy *policy)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct ipt_getinfo info = {.name = "filter"};
	_cleanup_free_ struct ipt_get_entries *rules = NULL;
	socklen_t len = sizeof(info);

	if (fd < 0 || getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &len) < 0 || info.size > RULES_MAX)
		return;
	len = (socklen_t)(sizeof(*rules) + info.size);
	rules = calloc(1, len);
	if (!rules)
		return;
	memcpy(rules->name, info.name, sizeof(info.name));
	rules->size = info.size;
	if (!getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, rules, &len))
		read_policy_rule(&info, rules, policy);
}

void forward_policy_read(const char *root, bool v6, struct forward_policy *ret)
{
	struct reading r = {.v6 = v6, .policy = ret};

	*ret = (struct forward_policy){0};
	if (has_nf_tables(root))
		ret->unknown = nft_forward_chains(on_chain, &r, NULL) == -EPERM;
	if (!v6 && has_filter_table(root))
		read_older(ret);
}
