/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "netns_hidden.h"

#include <errno.h>

#include "cleanup.h"
#include "proc.h"
#include "procfs.h"

/* A process that is about to end has none: that is no secret. */
static bool is_hidden(const char *root, const struct proc *p)
{
	char path[PROC_PATH_MAX], link[64];

	return !p->netns && procfs_path(path, sizeof(path), "%s/proc/%d/ns/net", root, p->pid) == 0 &&
	       procfs_readlink(path, link, sizeof(link)) == -EACCES;
}

int netns_hidden(const char *root, size_t *ret, struct err *err)
{
	_cleanup_(proc_list_free) struct proc_list procs = {0};
	int r = proc_list(root, &procs, err);

	if (r < 0)
		return r;
	/* The mount option hidepid of /proc (proc(5)) */
	*ret = procs.left_out + (!procs.len || procs.items[0].pid != 1);
	for (size_t i = 0; i < procs.len; i++)
		*ret += is_hidden(root, &procs.items[i]);
	return 0;
}
