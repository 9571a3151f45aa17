/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "pidns.h"

#include <stdio.h>
#include <unistd.h>

/* "pid:[4026531836]"; 0 where the link cannot be read. */
static uint32_t read_namespace(const char *root, const char *process)
{
	char path[256], text[64];
	ssize_t len;
	unsigned inode;

	snprintf(path, sizeof(path), "%s/proc/%s/ns/pid", root, process);
	len = readlink(path, text, sizeof(text) - 1);
	if (len < 0)
		return 0;
	text[len] = '\0';
	return sscanf(text, "pid:[%u]", &inode) == 1 ? inode : 0;
}

uint32_t pidns_of_proc(const char *root)
{
	/* Process 1 of a /proc is the first process of its namespace. Not every container may look at it. */
	uint32_t inode = read_namespace(root, "1") ?: read_namespace("", "self");

	return inode == PIDNS_INITIAL ? 0 : inode;
}
