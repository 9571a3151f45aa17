/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "why_bridges.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "links.h"
#include "ns.h"
#include "why_cli.h"
#include "why_internal.h"

static bool is_site(const struct why_sites *sites, uint64_t inode)
{
	for (size_t i = 0; i < sites->n; i++)
		if (sites->items[i].ns.inode == inode)
			return true;
	return false;
}

static bool is_known(const struct why_bridges *b, const struct node_link *bridge, uint64_t upf)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->items[i].ns.inode == bridge->netns_inode && b->items[i].ifindex == bridge->link.ifindex &&
		    b->items[i].upf == upf)
			return true;
	return false;
}

static void name_bridge(const struct netns *ns, struct why_bridge *b)
{
	bool own = ns->inode == ns_inode_self();
	int len = sizeof(b->name) - 1;

	netns_name("", ns->inode, b->event_name);
	snprintf(b->inode, sizeof(b->inode), "%" PRIu64, ns->inode);
	if (!own)
		advice_inside(ns, b->inside);
	if (ns->name[0])
		snprintf(b->name, sizeof(b->name), "%.*s", len, ns->name);
	else if (own)
		snprintf(b->name, sizeof(b->name), "this node");
	else
		snprintf(b->name, sizeof(b->name), "pid:%d", ns->pid);
}

static void find_ports(const struct link_list *list, const struct node_link *bridge, const struct node_link *to_upf,
		       struct why_bridge *ret)
{
	for (size_t i = 0; i < list->len && ret->n_ports < WHY_PORTS_MAX; i++) {
		const struct node_link *l = &list->items[i];

		if (l != to_upf && l->netns_inode == bridge->netns_inode && l->link.master == bridge->link.ifindex)
			memcpy(ret->ports[ret->n_ports++], l->link.name, IF_NAMESIZE);
	}
}

static int read_filter(void *data, struct err *err)
{
	struct why_bridge *b = data;
	char line[16];

	b->filters = read_first_line("", "/proc/sys/net/bridge/bridge-nf-call-iptables", line, sizeof(line)) &&
		     line[0] == '1';
	b->policy = (struct forward_policy){.dropped = 0};
	if (b->filters)
		forward_policy_read("", false, &b->policy);
	return 0;
}

static void add_bridge(const struct link_list *list, const struct node_link *to_upf, const struct why_bridge *of,
		       struct why_bridges *ret)
{
	const struct node_link *bridge = link_find(list, to_upf->netns_inode, to_upf->link.master);
	const struct netns *ns = netns_find(&list->namespaces, to_upf->netns_inode);
	struct why_bridge *b = &ret->items[ret->n];

	if (!bridge || !ns || strcmp(bridge->link.kind, "bridge") != 0 || ret->n == WHY_BRIDGES_MAX ||
	    is_known(ret, bridge, of->upf))
		return;
	*b = *of;
	b->ns = *ns;
	b->ifindex = bridge->link.ifindex;
	memcpy(b->bridge, bridge->link.name, sizeof(b->bridge));
	name_bridge(ns, b);
	find_ports(list, bridge, to_upf, b);
	if (netns_visit("", ns, read_filter, b, NULL) == 0 && b->filters)
		ret->n++;
}

void why_bridges_find(const struct why_sites *sites, struct why_bridges *ret)
{
	_cleanup_(link_list_free) struct link_list list = {0};

	ret->n = 0;
	if (link_list(&list, NULL) < 0)
		return;
	for (size_t i = 0; i < sites->n; i++) {
		const struct why_site *site = &sites->items[i];
		const struct why_link *l;
		size_t cursor = 0;

		while ((l = why_watched_link(site, &cursor))) {
			const struct node_link *own = link_find(&list, site->ns.inode, l->ifindex);
			const struct node_link *peer = own ? link_peer(&list, own) : NULL;
			struct why_bridge of = {.upf = site->ns.inode};

			memcpy(of.interface, l->name, sizeof(of.interface));
			if (peer && peer->link.master && !is_site(sites, peer->netns_inode))
				add_bridge(&list, peer, &of, ret);
		}
	}
}

void why_bridges_read(struct why_bridges *b, bool begins)
{
	for (size_t i = 0; i < b->n; i++) {
		struct why_bridge *bridge = &b->items[i];

		(void)netns_visit("", &bridge->ns, read_filter, bridge, NULL);
		if (begins)
			bridge->dropped_before = bridge->policy.dropped;
	}
}

static bool is_port(const struct why_bridge *b, const char *name)
{
	for (size_t i = 0; i < b->n_ports; i++)
		if (!strcmp(b->ports[i], name))
			return true;
	return false;
}

static void take(const struct why_bridge *b, const char *port, uint64_t packets, struct why_trace *ret)
{
	*ret = (struct why_trace){.packets = packets};
	snprintf(ret->netns, sizeof(ret->netns), "%s", b->name);
	memcpy(ret->inside, b->inside, sizeof(ret->inside));
	memcpy(ret->bridge, b->bridge, sizeof(ret->bridge));
	snprintf(ret->port, sizeof(ret->port), "%s", port);
	memcpy(ret->interface, b->interface, sizeof(ret->interface));
	if (b->policy.drops && b->policy.dropped > b->dropped_before)
		ret->dropped = b->policy.dropped - b->dropped_before;
	snprintf(ret->chain, sizeof(ret->chain), "%s", b->policy.chain);
}

static void trace_at(const struct why_rows *rows, const struct why_marks *m, const struct why_bridge *b,
		     struct why_trace *ret)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct agg_flow_key *k = &rows->flows[i]->key;
		bool its = m->has_ue ? addr_equal(&k->inner.src, &m->ue) : why_marks_teid(m, WHY_UPLINK, k->teid);

		if (!k->tunnel && k->has_gtp && k->has_inner && !k->has_vlan && its && k->has_dir &&
		    k->dir == DIR_INGRESS && (!strcmp(k->netns, b->event_name) || !strcmp(k->netns, b->inode)) &&
		    is_port(b, k->interface))
			take(b, k->interface, ret->packets + rows->flows[i]->segments, ret);
	}
}

void why_bridges_trace(const struct why_seen *s, const struct why_bridges *b, uint64_t upf, struct why_trace *ret)
{
	_cleanup_(why_rows_free) struct why_rows rows = {0};

	*ret = (struct why_trace){.packets = 0};
	if (!b->n || why_rows(s->flows, "", &rows) < 0)
		return;
	for (size_t i = 0; i < b->n && !ret->packets; i++)
		if (b->items[i].upf == upf)
			trace_at(&rows, &s->marks, &b->items[i], ret);
}
