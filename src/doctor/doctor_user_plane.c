/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor_user_plane.h"

#include <fnmatch.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "ethtool.h"
#include "rtnl.h"

static bool is_between(const struct rtnl_link *link)
{
	if (!strcmp(link->kind, "gtp") || !strcmp(link->kind, "gtp5g"))
		return true;
	return !strcmp(link->kind, "tun") && link->type != ARPHRD_ETHER && fnmatch(UE_TUN_PATTERN, link->name, 0);
}

static void add_device(const struct rtnl_link *link, struct netns_facts *f)
{
	struct ue_device *d;

	if (f->n_devices == UE_DEVICES_MAX)
		return;
	d = &f->devices[f->n_devices++];
	*d = (struct ue_device){.mtu = link->mtu, .up = link->up};
	memcpy(d->name, link->name, sizeof(d->name));
	memcpy(d->kind, link->kind, sizeof(d->kind));
}

static void on_link(const struct rtnl_link *link, void *data)
{
	struct user_plane *u = data;
	struct plane_link *l;

	if (is_between(link)) {
		add_device(link, &u->net);
		return;
	}
	if (u->n_links == PLANE_LINKS_MAX)
		return;
	l = &u->links[u->n_links++];
	*l = (struct plane_link){
		.ifindex = link->ifindex, .mtu = link->mtu, .up = link->up, .ethernet = link->type == ARPHRD_ETHER};
	memcpy(l->name, link->name, sizeof(l->name));
	if (link->xdp_program)
		program_name(link->xdp_program, l->xdp);
}

struct plane_link *user_plane_link(struct user_plane *u, unsigned ifindex)
{
	for (size_t i = 0; i < u->n_links; i++)
		if (u->links[i].ifindex == ifindex)
			return &u->links[i];
	return NULL;
}

bool user_plane_is_one(const struct user_plane *u)
{
	bool kernel = false;

	for (size_t i = 0; i < u->net.n_devices; i++)
		kernel |= strcmp(u->net.devices[i].kind, "tun") != 0;
	return kernel || u->net.sockets;
}

static void mark_n6(struct user_plane *u)
{
	for (size_t i = 0; i < u->net.n_devices * UE_FAMILIES; i++) {
		const struct ue_pool *pool = &u->net.devices[i / UE_FAMILIES].pools[i % UE_FAMILIES];
		struct plane_link *l = pool->n6 ? user_plane_link(u, pool->n6) : NULL;

		if (l)
			l->n6 = true;
	}
}

/* No default route tells. */
static void guess_n6(struct user_plane *u)
{
	struct plane_link *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < u->n_links; i++) {
		struct plane_link *l = &u->links[i];

		if (l->n6)
			return;
		if (!l->up || !l->ethernet || l->n3)
			continue;
		only = l;
		n++;
	}
	if (u->n3_known && n == 1)
		only->n6 = true;
}

/* No IPv4 route leads to UEs, and their way out has no IPv4: a pool whose route was deleted has the second. */
static void mark_ipv6_alone(struct user_plane *u)
{
	bool n6 = false, ipv4 = false;

	for (size_t i = 0; i < u->n_links; i++) {
		n6 |= u->links[i].n6;
		ipv4 |= u->links[i].n6 && u->links[i].ipv4;
	}
	for (size_t i = 0; i < u->net.n_devices; i++) {
		struct ue_device *d = &u->net.devices[i];

		d->ipv6_alone = n6 && !ipv4 && d->pools[UE_V6].routes && !d->pools[UE_V4].routes;
	}
}

static void on_feature(const char *name, void *data)
{
	bool *merges = data;

	*merges |= !strcmp(name, "rx-udp-gro-forwarding") || !strcmp(name, "rx-gro-list");
}

static void read_features(struct user_plane *u)
{
	for (size_t i = 0; i < u->n_links; i++) {
		struct plane_link *l = &u->links[i];

		l->features_known = l->n3 && ethtool_features(l->ifindex, on_feature, &l->merges, NULL) == 0;
	}
}

static bool has_xdp(const struct user_plane *u)
{
	bool any = false;

	for (size_t i = 0; i < u->n_links; i++)
		any |= u->links[i].xdp[0] != '\0';
	return any;
}

int user_plane_read(const char *root, struct user_plane *u, struct err *err)
{
	int r = rtnl_link_list(on_link, u, err);

	if (r < 0)
		return r;
	netns_facts_read(root, &u->net);
	if (!user_plane_is_one(u))
		return has_xdp(u);
	mark_n6(u);
	user_plane_find_n3(u);
	guess_n6(u);
	mark_ipv6_alone(u);
	read_features(u);
	for (int family = 0; family < UE_FAMILIES; family++)
		forward_policy_read(root, family == UE_V6, &u->forward[family]);
	return 1;
}
