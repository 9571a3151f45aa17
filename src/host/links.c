/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "links.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "ns.h"
#include "vec.h"

void link_list_free(struct link_list *list)
{
	free(list->items);
	netns_list_free(&list->namespaces);
	*list = (struct link_list){0};
}

struct scan {
	struct link_list *list;
	const struct netns *netns;
	uint64_t own;
	bool out_of_memory;
};

static void add_link(const struct rtnl_link *link, void *data)
{
	struct scan *s = data;
	struct link_list *list = s->list;
	struct node_link *l;

	if (list->len == LINKS_MAX) {
		list->left_out++;
		return;
	}
	if (!VEC_ROOM(list->items, list->len)) {
		s->out_of_memory = true;
		return;
	}
	l = &list->items[list->len++];
	*l = (struct node_link){.netns_inode = s->netns->inode, .link = *link};
	if (s->netns->inode != s->own && s->netns->name[0])
		memcpy(l->netns, s->netns->name, NETNS_NAME_MAX);
	else if (s->netns->inode != s->own)
		snprintf(l->netns, NETNS_NAME_MAX, "%" PRIu64, s->netns->inode);
}

static int list_links_here(void *data, struct err *err)
{
	return rtnl_link_list(add_link, data, err);
}

int link_list(struct link_list *ret, struct err *err)
{
	struct scan s = {.list = ret, .own = ns_inode_self()};
	int r;

	*ret = (struct link_list){0};
	r = netns_list_all("", &ret->namespaces, err);
	for (size_t i = 0; r == 0 && i < ret->namespaces.len; i++) {
		s.netns = &ret->namespaces.items[i];
		netns_visit("", s.netns, list_links_here, &s, NULL);
	}
	if (r == 0 && s.out_of_memory)
		r = err_set(err, -ENOMEM, "out of memory for network interfaces");
	if (r < 0)
		link_list_free(ret);
	return r;
}

const struct node_link *link_find(const struct link_list *list, uint64_t netns_inode, unsigned ifindex)
{
	for (size_t i = 0; i < list->len; i++)
		if (list->items[i].netns_inode == netns_inode && list->items[i].link.ifindex == ifindex)
			return &list->items[i];
	return NULL;
}

/* Both ends of a veth point at each other; a VLAN's lower device at no interface. */
static bool may_be_peer(const struct node_link *of, const struct node_link *l)
{
	bool veth = !strcmp(of->link.kind, "veth");

	if (l->link.ifindex != of->link.peer_ifindex || (l->netns_inode == of->netns_inode) != (of->link.peer_nsid < 0))
		return false;
	return !veth || (!strcmp(l->link.kind, "veth") && l->link.peer_ifindex == of->link.ifindex &&
			 (l->link.peer_nsid < 0) == (of->link.peer_nsid < 0));
}

struct question {
	int ns; /* of the namespace whose number is asked for */
	int nsid;
};

static int ask_nsid_here(void *data, struct err *err)
{
	struct question *q = data;

	return rtnl_nsid(q->ns, &q->nsid, err);
}

/* Whether l's namespace has the number by which of's namespace knows that of its peer. */
static bool is_in_peer_netns(struct link_list *list, const struct node_link *of, const struct node_link *l)
{
	const struct netns *from = netns_find(&list->namespaces, of->netns_inode);
	const struct netns *to = netns_find(&list->namespaces, l->netns_inode);
	_cleanup_close_ int ns = -1;
	struct question q;

	if (of->link.peer_nsid < 0)
		return true;
	if (!from || !to || list->requests == LINK_REQUESTS_MAX)
		return false;
	list->requests++;
	ns = netns_open("", to, NULL);
	q = (struct question){.ns = ns};
	return ns >= 0 && netns_visit("", from, ask_nsid_here, &q, NULL) == 0 && q.nsid == of->link.peer_nsid;
}

const struct node_link *link_peer(struct link_list *list, const struct node_link *of)
{
	if (!of->link.peer_ifindex)
		return NULL;
	for (size_t i = 0; i < list->len; i++) {
		const struct node_link *l = &list->items[i];

		if (l != of && may_be_peer(of, l) && is_in_peer_netns(list, of, l))
			return l;
	}
	return NULL;
}
