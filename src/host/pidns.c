/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "pidns.h"

#include "proc.h"
#include "procfs.h"

/* "pid:[4026531836]"; 0 where the link cannot be read. */
static uint32_t read_namespace(const char *root, const char *process)
{
	char path[PROC_PATH_MAX], text[64];

	if (procfs_path(path, sizeof(path), "%s/proc/%s/ns/pid", root, process) < 0 ||
	    procfs_readlink(path, text, sizeof(text)) < 0)
		return 0;
	return (uint32_t)procfs_inode(text, "pid");
}

static uint32_t hide_initial(uint32_t inode)
{
	return inode == PIDNS_INITIAL ? 0 : inode;
}

uint32_t pidns_self(void)
{
	return hide_initial(read_namespace("", "self"));
}

uint32_t pidns_of_proc(const char *root)
{
	/* Process 1 of a /proc is the first process of its namespace. Not every container may look at it. */
	return hide_initial(read_namespace(root, "1") ?: read_namespace("", "self"));
}
