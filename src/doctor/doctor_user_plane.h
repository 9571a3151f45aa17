/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A network namespace of the user plane: its devices, and the interfaces that carry N3 and N6. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "forward_policy.h"
#include "netns.h"
#include "netns_facts.h"
#include "program_name.h"

#define PLANE_LINKS_MAX 64
#define UE_TUN_PATTERN "uesimtun*" /* UERANSIM's: the other end, a UE */

struct plane_link {
	unsigned ifindex, mtu;
	char name[IF_NAMESIZE];
	bool up, ethernet;
	bool ipv4; /* it has an address */
	bool n3;   /* or N9: tunnels pass it */
	bool n6;
	bool features_known;
	bool merges; /* N3 alone: the kernel makes one packet of several UDP datagrams, whatever their tunnel */
	char xdp[PROGRAM_NAME_MAX]; /* name of its XDP program; "": none */
};

struct user_plane {
	struct netns_facts net;
	struct netns ns;
	struct plane_link links[PLANE_LINKS_MAX]; /* without the devices of net; n3 and n6 first found */
	size_t n_links;
	bool n3_known; /* by rules or sockets; else each interface that may be N3 is taken for it */
	size_t qers;   /* of gtp5g */
	size_t limits; /* of these, with an MBR */
	bool unheard;  /* PDRs of gtp5g have F-TEIDs of addresses that are here, and no socket is bound to one */
	bool socket_elsewhere; /* another namespace without a device has a socket at the port of GTP-U */
	struct forward_policy forward[UE_FAMILIES];
};

/* Fills u, whose net.port is given, with what the calling thread's namespace has. 1 when it is one of the user plane or
 * has an XDP program, else 0; or -errno. */
int user_plane_read(const char *root, struct user_plane *u, struct err *err);

/* A TUN is a UPF's only where N3 is, else some VPN. */
bool user_plane_is_one(const struct user_plane *u);

/* Marks the interfaces that carry N3: by the rules of the kernel's module, by the sockets; and counts the rules. */
void user_plane_find_n3(struct user_plane *u);

struct plane_link *user_plane_link(struct user_plane *u, unsigned ifindex); /* or NULL */
