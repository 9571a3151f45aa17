/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules_netns.h"

#include <errno.h>

#include "cleanup.h"
#include "ns.h"
#include "proc.h"

void rules_netns_free(struct rules_netns *n)
{
	netns_list_free(&n->list);
	n->list = (struct netns_list){0};
}

static int list_namespaces(struct rules_netns *n, struct err *err)
{
	_cleanup_free_ struct proc *procs = NULL;
	size_t len, left_out;
	int r = proc_list("", &procs, &len, &left_out, err);

	rules_netns_free(n);
	return r < 0 ? r : netns_list("", procs, len, &n->list, err);
}

static int open_listed(const struct rules_netns *n, uint64_t inode, struct err *err)
{
	const struct netns *ns = netns_find(&n->list, inode);

	if (!ns)
		return err_set(err, -ESRCH, "network namespace %llu has gone",
			       (unsigned long long)inode);
	return netns_open("", ns, err);
}

int rules_netns_run(struct rules_netns *n, uint64_t inode,
		    int (*request)(void *data, struct err *err), void *data, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int previous, r;

	if (inode == ns_inode_self())
		return request(data, err);
	fd = open_listed(n, inode, err);
	if (fd < 0 && list_namespaces(n, err) >= 0)
		fd = open_listed(n, inode, err);
	if (fd < 0)
		return -ESRCH;
	r = ns_enter(fd, &previous, err);
	if (r < 0)
		return r;
	r = request(data, err);
	ns_leave(previous);
	return r;
}
