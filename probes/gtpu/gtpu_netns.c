/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gtpu_run.h"

const char *gtpu_netns_name(struct gtpu_netns *n, const char *root, uint64_t inode)
{
	size_t i = 0;

	while (i < n->len && n->rows[i].inode != inode)
		i++;
	if (i < n->len)
		return n->rows[i].name;
	if (n->len == ARRAY_SIZE(n->rows))
		n->len = 0;
	i = n->len++;
	n->rows[i].inode = inode;
	return netns_name(root, inode, n->rows[i].name);
}

void gtpu_netns_forget(struct gtpu_netns *n)
{
	n->len = 0;
}
