/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which interfaces see the same packets: both ends of a veth pair, a VLAN and its lower device, and a loopback device
 * twice, when a packet leaves and when it comes in again. So that no reader adds up a packet twice, one of two such
 * interfaces that are watched is called the twin of the other. */
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "flow_run.h"
#include "links.h"
#include "ns.h"

static struct flow_interface *watched(const struct probe_run *run, uint64_t inode, unsigned ifindex)
{
	for (size_t i = 0; i < run->n_attachments / 2; i++) {
		struct flow_interface *one = &run->interfaces[i];

		if (one->state == FLOW_WATCHED && one->target.netns_inode == inode && one->target.ifindex == ifindex)
			return one;
	}
	return NULL;
}

/* Of a pair in two namespaces the end in this process's namespace is the twin: the pod owns the other end. */
static bool gives_way(const struct flow_interface *one, const struct flow_interface *peer, bool is_veth)
{
	uint64_t own = ns_inode_self();
	const struct flow_target *a = &one->target, *b = &peer->target;

	if (!is_veth) /* the lower device sees the packets of other devices too */
		return true;
	if ((a->netns_inode == own) != (b->netns_inode == own))
		return a->netns_inode == own;
	return a->netns_inode != b->netns_inode ? a->netns_inode > b->netns_inode : a->ifindex > b->ifindex;
}

static void name_peer(const struct probe_run *run, struct link_list *links, struct flow_interface *one)
{
	const struct node_link *self = link_find(links, one->target.netns_inode, one->target.ifindex);
	const struct node_link *peer = self ? link_peer(links, self) : NULL;
	const struct flow_interface *other;
	bool veth = self && !strcmp(self->link.kind, "veth");

	one->peer[0] = '\0';
	one->peer_netns_inode = 0;
	one->twin = one->turned = false;
	one->loops = self && self->link.type == ARPHRD_LOOPBACK;
	if (one->loops)
		peer = self;
	if (!peer)
		return;
	snprintf(one->peer, sizeof(one->peer), "%s%s%s", peer->netns, peer->netns[0] ? "/" : "", peer->link.name);
	one->turned = veth || one->loops;
	one->peer_netns_inode = veth ? peer->netns_inode : 0;
	other = watched(run, peer->netns_inode, peer->link.ifindex);
	one->twin = other && (veth || !strcmp(self->link.kind, "vlan")) && gives_way(one, other, veth);
}

void flow_name_peers(struct probe_run *run)
{
	_cleanup_(link_list_free) struct link_list links = {0};

	if (link_list(&links, NULL) < 0)
		return;
	for (size_t i = 0; i < run->n_attachments / 2; i++)
		if (run->interfaces[i].state == FLOW_WATCHED)
			name_peer(run, &links, &run->interfaces[i]);
}
