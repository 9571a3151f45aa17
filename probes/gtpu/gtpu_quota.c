/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "genl.h"
#include "gtp5g_rules.h"
#include "gtpu_run.h"
#include "ns.h"
#include "proc.h"

#define INACTIVE 0x02 /* of Measurement Information (TS 29.244 8.2.68): as gtp5g sets it then */

struct quotas {
	int map_fd;
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

static int look_inside(struct quotas *q, const struct netns *ns, uint16_t family, struct err *err)
{
	_cleanup_close_ int fd = netns_open("", ns, err);
	size_t malformed = 0, left_out = 0;
	int previous, r;

	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	r = ns_enter(fd, &previous, err);
	if (r < 0)
		return r;
	q->netns = (uint32_t)ns->inode;
	r = gtp5g_rules_dump(family, GTP5G_RULE_URR, on_urr, q, &malformed, &left_out, err);
	ns_leave(previous);
	return r;
}

int gtpu_quotas_find(int map_fd, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	_cleanup_free_ struct proc *procs = NULL;
	struct quotas q = {.map_fd = map_fd};
	size_t n, left_out;
	uint16_t family;
	int r = genl_family("gtp5g", &family, err);

	if (r < 0)
		return r;
	r = proc_list("", &procs, &n, &left_out, err);
	if (r >= 0)
		r = netns_list("", procs, n, &list, err);
	for (size_t i = 0; r >= 0 && i < list.len; i++)
		r = look_inside(&q, &list.items[i], family, err);
	return r < 0 ? r : q.found;
}
