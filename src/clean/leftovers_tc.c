/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>

#include "cleanup.h"
#include "leftovers.h"
#include "netns.h"
#include "rtnl.h"
#include "tc.h"

struct place {
	struct leftovers *l; /* NULL: to remove */
	char netns[NETNS_NAME_MAX];
	int r; /* the first failure */
};

static void visit_link(const struct rtnl_link *link, void *data)
{
	struct tc_swept swept = {0};
	struct place *p = data;
	int r = tc_sweep(link->ifindex, !p->l, &swept);

	/* -ENODEV: it went meanwhile. */
	if (r < 0 && r != -ENODEV && p->r == 0)
		p->r = r;
	if (!p->l)
		return;
	if (swept.stale)
		leftovers_add(p->l, false, "filter", "%u on %s/%s", swept.stale, p->netns, link->name);
	if (swept.living)
		leftovers_add(p->l, true, "filter", "%u on %s/%s", swept.living, p->netns, link->name);
}

static int look_here(void *data, struct err *err)
{
	return rtnl_link_list(visit_link, data, err);
}

int leftovers_filters(struct leftovers *l, bool remove, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	struct place p = {.l = remove ? NULL : l};
	int r = netns_list_all("", &list, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list.len; i++) {
		const struct netns *ns = &list.items[i];

		netns_name("", ns->inode, p.netns);
		r = netns_visit("", ns, look_here, &p, err);
		if (r == -ESRCH) /* it went meanwhile */
			continue;
		if (r < 0 && l) {
			l->unreadable++;
			l->why_unreadable = r;
		} else if (r < 0) {
			p.r = p.r ? p.r : r;
		}
	}
	return p.r < 0 ? err_set(err, p.r, "filters of clsact: %s%s", err_name(p.r), err_root_hint(p.r)) : 0;
}
