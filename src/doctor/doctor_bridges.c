/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A container's N3 or N6 ends at a bridge of the host. With br_netfilter the host's FORWARD chain sees what the bridge
 * passes from port to port: packets are lost in a namespace in which no function of 5G is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "doctor_network.h"
#include "file.h"
#include "links.h"
#include "ns.h"

#define BRIDGES_MAX 32

struct bridge {
	const struct node_link *link;
	const struct user_plane *plane; /* the first whose interface leads to it */
	const char *interface;		/* this one */
};

struct bridges {
	struct bridge items[BRIDGES_MAX];
	size_t len;
};

static void add_bridge(struct bridges *b, const struct bridge *bridge)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->items[i].link == bridge->link)
			return;
	if (b->len < BRIDGES_MAX)
		b->items[b->len++] = *bridge;
}

static void find_bridges(struct link_list *list, const struct user_plane *u, struct bridges *ret)
{
	for (size_t i = 0; i < u->n_links; i++) {
		const struct node_link *own = link_find(list, u->ns.inode, u->links[i].ifindex), *peer;
		struct bridge found = {.plane = u, .interface = u->links[i].name};

		if (!own || !(u->links[i].n3 || u->links[i].n6))
			continue;
		peer = link_peer(list, own);
		found.link = peer && peer->link.master ? link_find(list, peer->netns_inode, peer->link.master) : NULL;
		if (found.link && !strcmp(found.link->link.kind, "bridge"))
			add_bridge(ret, &found);
	}
}

struct filter {
	const char *root;
	bool called;
	struct forward_policy policy;
};

static int read_filter(void *data, struct err *err)
{
	struct filter *f = data;
	char line[16];

	f->called = read_first_line(f->root, "/proc/sys/net/bridge/bridge-nf-call-iptables", line, sizeof(line)) &&
		    line[0] == '1';
	if (f->called)
		forward_policy_read(f->root, false, &f->policy);
	return 0;
}

static enum check_state state_of(const struct forward_policy *p)
{
	if (!p->drops)
		return CHECK_OK;
	if (p->empty)
		return CHECK_LIMITED;
	return p->counts && !p->dropped ? CHECK_OK : CHECK_INFO;
}

static void judge_bridge(const struct bridge *b, const struct filter *filter, const struct netns *ns, struct report *r)
{
	const struct forward_policy *p = &filter->policy;
	struct netns_facts f = {0};
	struct check *c;

	network_name(ns, &f);
	c = network_check(&f, r, "br_netfilter", "br_netfilter", b->link->link.name);
	check_set(c, state_of(p), "%s carries %s of %s, and the packet filter sees what it passes", b->link->link.name,
		  b->interface, b->plane->net.name);
	if (c->state == CHECK_OK)
		return;
	network_wrong(c, c->state);
	check_set(c, c->state,
		  "bridge-nf-call-iptables is 1, and %s carries %s of %s: %s drops by its policy %s (so far %" PRIu64
		  " packets)",
		  b->link->link.name, b->interface, b->plane->net.name, p->chain,
		  p->empty ? "every packet" : "what none of its rules accepts", p->dropped);
	check_remedy(c,
		     "%ssysctl net.bridge.bridge-nf-call-iptables=0, or %siptables -I FORWARD -m physdev "
		     "--physdev-is-bridged -j ACCEPT",
		     f.inside, f.inside);
}

void network_judge_bridges(const char *root, const struct user_plane *planes, size_t n, struct report *r)
{
	_cleanup_(link_list_free) struct link_list list = {0};
	struct bridges bridges = {0};

	/* What cannot be listed is said of the namespaces. */
	if (!n || link_list(&list, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		find_bridges(&list, &planes[i], &bridges);
	for (size_t i = 0; i < bridges.len; i++) {
		const struct netns *ns = netns_find(&list.namespaces, bridges.items[i].link->netns_inode);
		struct filter filter = {.root = root};

		if (ns && netns_visit(root, ns, read_filter, &filter, NULL) == 0 && filter.called &&
		    !filter.policy.unknown)
			judge_bridge(&bridges.items[i], &filter, ns, r);
	}
}
