/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "doctor_network.h"
#include "netns.h"
#include "netns_hidden.h"
#include "ns.h"
#include "vec.h"

#define NAMESPACES_VISITED_MAX 1024
#define NAMESPACES_SHOWN_MAX 64

struct reading {
	const char *root;
	struct user_plane *plane;
};

static int read_here(void *data, struct err *err)
{
	struct reading *reading = data;

	return user_plane_read(reading->root, reading->plane, err);
}

void network_name(const struct netns *ns, struct netns_facts *f)
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
	const struct network_options *options;
	struct user_plane *planes; /* owned */
	size_t n_planes, left_out, failed;
	size_t hidden;	/* processes whose namespace cannot be seen */
	struct err err; /* of the last that failed */
};

static void free_planes(struct visits *v)
{
	free(v->planes);
}

/* Room for another; NULL: there are enough. */
static struct user_plane *new_plane(struct visits *v)
{
	if (v->n_planes == NAMESPACES_SHOWN_MAX || !VEC_ROOM(v->planes, v->n_planes))
		return NULL;
	v->planes[v->n_planes] = (struct user_plane){.net.port = v->options->port};
	return &v->planes[v->n_planes];
}

static void visit_one(const struct netns *ns, struct visits *v)
{
	struct user_plane spare = {.net.port = v->options->port}, *room = new_plane(v);
	struct reading reading = {v->options->root, room ?: &spare};
	struct err err = {0};
	int found = netns_visit(v->options->root, ns, read_here, &reading, &err);

	if (found < 0 && found != -ESRCH) {
		v->failed++;
		v->err = err;
	}
	if (found <= 0)
		return;
	if (!room) {
		v->left_out++;
		return;
	}
	room->ns = *ns;
	network_name(ns, &room->net);
	v->n_planes++;
}

static void note_sockets(struct visits *v)
{
	for (size_t i = 0; i < v->n_planes; i++)
		for (size_t k = 0; k < v->n_planes; k++)
			v->planes[i].socket_elsewhere |=
				k != i && v->planes[k].net.sockets && !v->planes[k].net.n_devices;
}

/* How many are of the user plane. */
static size_t judge_planes(const struct visits *v, struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_planes; i++) {
		if (user_plane_is_one(&v->planes[i])) {
			doctor_judge_netns(&v->planes[i], v->options->qos, r);
			n++;
		} else {
			doctor_judge_xdp(&v->planes[i], r);
		}
	}
	return n;
}

static void judge_visits(const struct visits *v, size_t shown, size_t unvisited, struct report *r)
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
	if (shown || v->failed || v->hidden)
		return;
	c = report_add(r, CHECK_NETWORK, "user plane", "network.none");
	check_set(c, CHECK_INFO, "no gtp or gtp5g device and no socket at UDP %u in any network namespace",
		  v->options->port);
	check_remedy(c, "start the UPF or the gNB here; or try: teide lab up");
}

void doctor_network(const struct network_options *options, struct report *r)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	_cleanup_(free_planes) struct visits v = {.options = options};
	struct err err = {0};
	struct check *c;

	if (netns_list_all(options->root, &list, &err) < 0) {
		c = report_add(r, CHECK_NETWORK, "namespaces", "network.unvisited");
		check_set(c, CHECK_LIMITED, "not to be listed: %.300s", err.text);
		check_remedy(c, "mount /proc, and give teide descriptors enough (ulimit -n)");
		return;
	}
	for (size_t i = 0; i < list.len && i < NAMESPACES_VISITED_MAX; i++)
		visit_one(&list.items[i], &v);
	note_sockets(&v);
	if (netns_hidden(options->root, &v.hidden, &err) < 0)
		v.hidden = 1;
	judge_visits(&v, judge_planes(&v, r), list.len > NAMESPACES_VISITED_MAX ? list.len - NAMESPACES_VISITED_MAX : 0,
		     r);
	network_judge_bridges(options->root, v.planes, v.n_planes, r);
}
