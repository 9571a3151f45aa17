/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One look at the node for processes of the 5G user plane: by name, by the sockets of N3, N4 and
 * the radio link, by TUN devices. Meant for once a second. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "evidence.h"
#include "netns.h"
#include "proc.h"
#include "sockets.h"

#define DISCOVER_FINDINGS_MAX 8192
#define DISCOVER_DETAIL_MAX 96
#define DISCOVER_PORTS_MAX 16

/* Strings are borrowed and outlive the scans. Patterns are those of fnmatch(3), so they match the
 * whole of the text. */
struct discover_options {
	const char *root;	  /* "" for the real one */
	const char *const *names; /* of a leader's comm; "nr-gnb", "nr-ue" */
	size_t n_names;
	uint16_t owner_ports[DISCOVER_PORTS_MAX]; /* the process that holds one is a socket owner; 2152, 8805 */
	size_t n_owner_ports;
	uint16_t link_ports[DISCOVER_PORTS_MAX]; /* joined by one: peers; 4997 */
	size_t n_link_ports;
	const char *link_user; /* of names, the process that uses the link by a socket it does not connect: "nr-ue" */
	const char *tun;       /* pattern of the interface: "uesimtun*" */
	size_t max_fds;	       /* read of one process; 0: SOCKETS_FDS_MAX */
};

/* "", nr-gnb and nr-ue, 2152 and 8805, 4997, nr-ue, uesimtun*. */
struct discover_options discover_defaults(void);

struct finding {
	struct proc proc;
	enum evidence kind;
	char detail[DISCOVER_DETAIL_MAX]; /* "udp 10.0.0.1:2152", "tun uesimtun0"; "" for a name */
};

struct findings {
	struct finding *items; /* owned; a process and kind occur once for each thing found */
	size_t len;
	size_t left_out;		       /* beyond DISCOVER_FINDINGS_MAX */
	size_t processes, namespaces, sockets; /* looked at */
	/* Beyond the bounds; of processes, those as well that could not be read. */
	size_t processes_left_out, namespaces_left_out, sockets_left_out;
	size_t namespaces_failed;    /* could not be asked for their sockets */
	size_t processes_unreadable; /* their descriptors could not be read, or not all */
};

void findings_free(struct findings *f); /* usable with _cleanup_ */

struct discover; /* remembers which process held which socket */

struct discover *discover_new(const struct discover_options *options); /* NULL: out of memory */
void discover_free(struct discover *d);				       /* NULL is fine */

/* What is found replaces nothing: ret is filled anew and the caller frees it. Processes that are
 * found by name are found even where sockets cannot be listed; then err says why and the result is
 * 0 with namespaces_failed > 0. -errno when processes cannot be listed, or -ENOMEM. */
int discover_scan(struct discover *d, struct findings *ret, struct err *err);

/* The same with the sockets given: what the scan does once it has asked every namespace. */
int discover_match(struct discover *d, const struct proc_list *procs, const struct socket_list *sockets,
		   struct findings *ret, struct err *err);

/* How often every process's descriptors had to be read. */
uint64_t discover_full_scans(const struct discover *d);
