/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fnmatch.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "doctor_network.h"
#include "netns.h"
#include "netns_hidden.h"
#include "ns.h"
#include "rtnl.h"

#define NAMESPACES_VISITED_MAX 1024
#define NAMESPACES_SHOWN_MAX 64
#define UE_TUN_PATTERN "uesimtun*" /* UERANSIM's: the other end, a UE */

static bool is_between(const struct rtnl_link *link)
{
	if (!strcmp(link->kind, "gtp") || !strcmp(link->kind, "gtp5g"))
		return true;
	return !strcmp(link->kind, "tun") && fnmatch(UE_TUN_PATTERN, link->name, 0);
}

static void on_link(const struct rtnl_link *link, void *data)
{
	struct netns_facts *f = data;
	struct ue_device *d;

	if (is_between(link) && f->n_devices < UE_DEVICES_MAX) {
		d = &f->devices[f->n_devices++];
		*d = (struct ue_device){.mtu = link->mtu, .up = link->up};
		memcpy(d->name, link->name, sizeof(d->name));
		memcpy(d->kind, link->kind, sizeof(d->kind));
	} else if (link->type == ARPHRD_ETHER && link->up && (!f->n3_mtu || link->mtu < f->n3_mtu)) {
		f->n3_mtu = link->mtu;
		memcpy(f->n3, link->name, sizeof(f->n3));
	}
}

/* A TUN is a UPF's only where N3 is, else anybody's VPN. */
static bool is_user_plane(struct netns_facts *f)
{
	bool kernel = false;

	for (size_t i = 0; i < f->n_devices; i++)
		kernel |= strcmp(f->devices[i].kind, "tun") != 0;
	return kernel || f->sockets;
}

struct reading {
	const char *root;
	struct netns_facts *facts;
};

/* 1 when the namespace is one of the user plane, else 0. */
static int read_here(void *data, struct err *err)
{
	struct reading *reading = data;
	int r = rtnl_link_list(on_link, reading->facts, err);

	if (r < 0)
		return r;
	netns_facts_read(reading->root, reading->facts);
	return is_user_plane(reading->facts);
}

static void name_it(const struct netns *ns, struct netns_facts *f)
{
	int len = sizeof(f->name) - 1;

	if (ns->inode == ns_inode_self()) {
		snprintf(f->name, sizeof(f->name), "%.*s", len, ns->name[0] ? ns->name : "this node");
		return;
	}
	if (ns->name[0])
		snprintf(f->name, sizeof(f->name), "%.*s", len, ns->name);
	else
		snprintf(f->name, sizeof(f->name), "pid:%d", ns->pid);
	advice_inside(ns, f->inside);
}

struct visits {
	uint16_t port; /* of GTP-U */
	size_t shown, left_out, failed;
	size_t hidden;	/* processes whose namespace cannot be seen */
	struct err err; /* of the last that failed */
};

static void visit_one(const char *root, const struct netns *ns, struct visits *v, struct report *r)
{
	struct netns_facts f = {.port = v->port};
	struct reading reading = {root, &f};
	struct err err = {0};
	int found = netns_visit(root, ns, read_here, &reading, &err);

	if (found == -ESRCH)
		return;
	if (found < 0) {
		v->failed++;
		v->err = err;
	} else if (found && v->shown == NAMESPACES_SHOWN_MAX) {
		v->left_out++;
	} else if (found) {
		v->shown++;
		name_it(ns, &f);
		doctor_judge_netns(&f, r);
	}
}

static void judge_visits(const struct visits *v, size_t unvisited, struct report *r)
{
	struct check *c;

	if (v->failed) {
		c = report_add(r, CHECK_NETWORK, "namespaces", "network.unvisited");
		check_set(c, CHECK_LIMITED, "%zu network namespaces could not be looked at: %.200s", v->failed,
			  v->err.text);
		check_remedy(c, "run as root, in a container with hostPID and CAP_SYS_ADMIN, with descriptors enough "
				"(ulimit -n)");
	}
	if (v->left_out || unvisited) {
		c = report_add(r, CHECK_NETWORK, "namespaces", "network.left_out");
		check_set(c, CHECK_INFO, "%zu more of the user plane, %zu not looked at", v->left_out, unvisited);
	}
	if (v->hidden) {
		c = report_add(r, CHECK_NETWORK, "namespaces", "network.hidden");
		check_set(c, CHECK_LIMITED, "%s of %zu process%s cannot be seen", v->hidden == 1 ? "the one" : "those",
			  v->hidden, v->hidden == 1 ? "" : "es");
		check_remedy(c, "run as root, in a container with hostPID and CAP_SYS_PTRACE");
	}
	if (v->shown || v->failed || v->hidden)
		return;
	c = report_add(r, CHECK_NETWORK, "user plane", "network.none");
	check_set(c, CHECK_INFO, "no gtp or gtp5g device and no socket at UDP %u in any network namespace", v->port);
	check_remedy(c, "start the UPF or the gNB here; or try: teide lab up");
}

void doctor_network(const char *root, uint16_t port, struct report *r)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	struct visits v = {.port = port};
	struct err err = {0};
	struct check *c;

	if (netns_list_all(root, &list, &err) < 0) {
		c = report_add(r, CHECK_NETWORK, "namespaces", "network.unvisited");
		check_set(c, CHECK_LIMITED, "not to be listed: %.300s", err.text);
		check_remedy(c, "mount /proc, and give teide descriptors enough (ulimit -n)");
		return;
	}
	for (size_t i = 0; i < list.len && i < NAMESPACES_VISITED_MAX; i++)
		visit_one(root, &list.items[i], &v, r);
	if (netns_hidden(root, &v.hidden, &err) < 0)
		v.hidden = 1;
	judge_visits(&v, list.len > NAMESPACES_VISITED_MAX ? list.len - NAMESPACES_VISITED_MAX : 0, r);
}
