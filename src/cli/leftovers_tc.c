/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>

#include "cleanup.h"
#include "leftovers.h"
#include "netns.h"
#include "ns.h"
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
		leftovers_add(p->l, false, "filter", "%u on %s/%s", swept.stale, p->netns,
			      link->name);
	if (swept.living)
		leftovers_add(p->l, true, "filter", "%u on %s/%s", swept.living, p->netns,
			      link->name);
}

static int visit_namespace(struct place *p, const struct netns *ns, struct err *err)
{
	_cleanup_close_ int fd = netns_open("", ns, err);
	int previous, r = fd;

	netns_name("", ns->inode, p->netns);
	if (r >= 0)
		r = ns_enter(fd, &previous, err);
	if (r < 0)
		return r == -ESRCH ? 0 : r;
	r = rtnl_link_list(visit_link, p, err);
	ns_leave(previous);
	return r;
}

int leftovers_filters(struct leftovers *l, bool remove, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	_cleanup_free_ struct proc *procs = NULL;
	struct place p = {.l = remove ? NULL : l};
	size_t n, left_out;
	int r = proc_list("", &procs, &n, &left_out, err);

	if (r >= 0)
		r = netns_list("", procs, n, &list, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.len; i++) {
		r = visit_namespace(&p, &list.items[i], err);
		if (r < 0 && l)
			l->unreadable++;
		else if (r < 0)
			p.r = p.r ? p.r : r;
	}
	return p.r < 0 ? err_set(err, p.r, "filters of clsact: %s; run as root", err_name(p.r)) : 0;
}
