/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which processes hold the sockets of a list. Reading the descriptors of every process is the most expensive part of a
 * scan. It is done only where a socket has no known owner: no candidate process holds it, and the scan before found no
 * owner. A socket that stays without an owner is looked for ever more rarely: a kernel's tunnel socket has none, and a
 * socket of a hidden process shows none. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pidref.h"
#include "proc.h"
#include "sockets.h"

#define OWNERS_MAX (2 * SOCKETS_MAX)
#define OWNERS_RETRY_MAX 64 /* scans between two looks for an owner */

struct owner {
	uint32_t socket; /* index into the list of sockets */
	uint32_t proc;	 /* index into the list of processes */
	struct pidref process;
	uint64_t inode;
	int fd;
};

struct owner_orphan {
	uint64_t inode;
	uint64_t next_scan;
	uint32_t wait; /* scans */
};

/* Kept from one scan to the next. Zeroed to begin with. */
struct owners {
	struct owner *items; /* owned */
	size_t len;
	size_t left_out;   /* of the last scan, beyond OWNERS_MAX */
	size_t unreadable; /* processes whose descriptors this process may not read (CAP_SYS_PTRACE), or too many */
	struct owner_orphan *orphans; /* owned; by inode */
	size_t n_orphans;
	uint64_t scans, full_scans;
};

void owners_free(struct owners *o); /* usable with _cleanup_ */

struct owners_scan {
	const char *root;
	const struct proc_list *procs;
	const bool *candidate; /* of each process: always read, for its TUN devices too */
	const struct socket_list *sockets;
	void (*tun)(void *data, const struct proc *proc, const char *interface); /* or NULL */
	void *data;
	size_t max_fds; /* of one process; 0: SOCKETS_FDS_MAX */
};

/* Fills o->items anew: by process, then by descriptor. A socket may have several owners (a fork's),
 * of which those that are no candidates are found when the socket is new. 0 or -ENOMEM. */
int owners_find(struct owners *o, const struct owners_scan *scan);
