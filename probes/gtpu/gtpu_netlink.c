/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What gtp5g itself says of its URRs, over netlink. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "genl.h"
#include "gtp5g_rules.h"
#include "gtpu_run.h"
#include "log.h"

#define INACTIVE 0x02 /* of Measurement Information (TS 29.244 8.2.68): as gtp5g sets it then */

struct quotas {
	int map_fd;
	uint16_t family;
	uint32_t netns;
	int found;
};

static void on_urr(const struct gtp5g_rule *rule, void *data)
{
	struct quotas *q = data;
	struct gtpu_quota_key key = {.seid = rule->seid, .urr_id = rule->id, .netns = q->netns};
	uint64_t before_us = 0;

	if (rule->urr.info & INACTIVE && !bpf_map_update_elem(q->map_fd, &key, &before_us, BPF_ANY))
		q->found++;
}

static int find_quotas_here(void *data, struct err *err)
{
	struct quotas *q = data;
	struct gtp5g_rules_visitor v = {.visit = on_urr, .data = q};

	return gtp5g_rules_dump(q->family, GTP5G_RULE_URR, &v, err);
}

int gtpu_quotas_find(int map_fd, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	struct quotas q = {.map_fd = map_fd};
	int r = genl_family("gtp5g", &q.family, err);

	if (r >= 0)
		r = netns_list_all("", &list, err);
	for (size_t i = 0; r >= 0 && i < list.len; i++) {
		q.netns = (uint32_t)list.items[i].inode;
		r = netns_visit("", &list.items[i], find_quotas_here, &q, err);
		if (r == -ESRCH) /* it went meanwhile */
			r = 0;
	}
	return r < 0 ? r : q.found;
}
