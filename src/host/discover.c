/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "discover.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "owners.h"
#include "vec.h"

#define LINKS_MAX 1024 /* sockets of the radio link that are joined, each with each */

struct discover {
	struct discover_options options;
	struct owners owners;
};

static const char *const default_names[] = {"nr-gnb", "nr-ue"};

struct discover_options discover_defaults(void)
{
	return (struct discover_options){
		.root = "",
		.names = default_names,
		.n_names = ARRAY_SIZE(default_names),
		.owner_ports = {2152, 8805},
		.n_owner_ports = 2,
		.link_ports = {4997},
		.n_link_ports = 1,
		.link_user = "nr-ue",
		.tun = "uesimtun*",
	};
}

void findings_free(struct findings *f)
{
	free(f->items);
	*f = (struct findings){0};
}

struct discover *discover_new(const struct discover_options *options)
{
	struct discover *d = calloc(1, sizeof(*d));

	if (d)
		d->options = *options;
	return d;
}

void discover_free(struct discover *d)
{
	if (!d)
		return;
	owners_free(&d->owners);
	free(d);
}

uint64_t discover_full_scans(const struct discover *d)
{
	return d->owners.full_scans;
}

/* One match of processes and sockets. */
struct match {
	const struct discover_options *options;
	const struct proc_list *procs;
	const struct socket_list *sockets;
	const struct owners *owners;
	bool *candidate;
	struct findings *out;
	bool failed;
};

static bool known_name(const struct discover_options *o, const char *comm)
{
	for (size_t i = 0; i < o->n_names; i++) {
		if (!fnmatch(o->names[i], comm, 0))
			return true;
	}
	return false;
}

static bool has_port(const uint16_t *ports, size_t n, uint16_t port)
{
	for (size_t i = 0; i < n; i++) {
		if (ports[i] == port)
			return true;
	}
	return false;
}

static struct finding *new_finding(struct match *m)
{
	struct findings *f = m->out;

	if (f->len == DISCOVER_FINDINGS_MAX) {
		f->left_out++;
		return NULL;
	}
	if (VEC_ROOM(f->items, f->len))
		return &f->items[f->len++];
	m->failed = true;
	return NULL;
}

static void add_finding(struct match *m, const struct proc *proc, enum evidence kind, const char *detail)
{
	struct finding *f = new_finding(m);

	if (!f)
		return;
	*f = (struct finding){.proc = *proc, .kind = kind};
	snprintf(f->detail, sizeof(f->detail), "%s", detail);
}

static void find_names(struct match *m)
{
	for (size_t i = 0; i < m->procs->len; i++) {
		m->candidate[i] = known_name(m->options, m->procs->items[i].comm);
		if (m->candidate[i])
			add_finding(m, &m->procs->items[i], EVIDENCE_NAME, "");
	}
}

static void on_tun(void *data, const struct proc *proc, const char *interface)
{
	struct match *m = data;
	char detail[DISCOVER_DETAIL_MAX];

	if (fnmatch(m->options->tun, interface, 0))
		return;
	snprintf(detail, sizeof(detail), "tun %s", interface);
	add_finding(m, proc, EVIDENCE_TUN_OWNER, detail);
}

static const struct socket_entry *socket_of(const struct match *m, const struct owner *o)
{
	return &m->sockets->items[o->socket];
}

static void find_socket_owners(struct match *m)
{
	char detail[DISCOVER_DETAIL_MAX], text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < m->owners->len; i++) {
		const struct owner *o = &m->owners->items[i];
		const struct udp_socket *s = &socket_of(m, o)->udp;

		if (!has_port(m->options->owner_ports, m->options->n_owner_ports, s->local_port))
			continue;
		snprintf(detail, sizeof(detail), addr_is_v4(&s->local) ? "udp %s:%u" : "udp [%s]:%u",
			 addr_format(&s->local, text), s->local_port);
		add_finding(m, &m->procs->items[o->proc], EVIDENCE_SOCKET_OWNER, detail);
	}
}

static bool is_any(const struct addr *a)
{
	return addr_is_zero(a) || (addr_is_v4(a) && !addr_v4(a));
}

static bool is_loopback(const struct addr *a)
{
	const struct addr v6 = {.b = {[15] = 1}};

	return addr_is_v4(a) ? a->b[12] == 127 : addr_equal(a, &v6);
}

/* Whether what a is connected to is b. Beyond one namespace only a full address says so. */
static bool reaches(const struct socket_entry *a, const struct socket_entry *b)
{
	const struct addr *to = &a->udp.remote, *at = &b->udp.local;

	if (!a->udp.remote_port || a->udp.remote_port != b->udp.local_port)
		return false;
	if (a->netns == b->netns)
		return is_any(at) || addr_equal(to, at);
	return !is_loopback(to) && addr_equal(to, at);
}

static void add_peer(struct match *m, const struct owner *o, const struct owner *known)
{
	char detail[DISCOVER_DETAIL_MAX];

	if (!m->candidate[known->proc])
		return;
	snprintf(detail, sizeof(detail), "udp with %s (pid %d)", m->procs->items[known->proc].comm, known->process.pid);
	add_finding(m, &m->procs->items[o->proc], EVIDENCE_PEER, detail);
}

/* Owners of sockets with a link port at either end. */
struct links {
	const struct owner *items[LINKS_MAX];
	size_t n;
};

static void find_links(const struct match *m, struct links *ret)
{
	const struct discover_options *o = m->options;

	ret->n = 0;

	for (size_t i = 0; i < m->owners->len; i++) {
		const struct udp_socket *s = &socket_of(m, &m->owners->items[i])->udp;

		if (!has_port(o->link_ports, o->n_link_ports, s->local_port) &&
		    !has_port(o->link_ports, o->n_link_ports, s->remote_port))
			continue;
		if (ret->n == LINKS_MAX)
			m->out->left_out++;
		else
			ret->items[ret->n++] = &m->owners->items[i];
	}
}

static bool is_link_user(const struct discover_options *o, const char *comm)
{
	return known_name(o, comm) && !fnmatch(o->link_user, comm, 0);
}

/* Not connected, and at no address and port of its own: the kernel chose the port at the first packet. */
static bool is_unconnected(const struct match *m, const struct udp_socket *s)
{
	const struct discover_options *o = m->options;

	return s->local_port && !s->remote_port && is_any(&s->local) &&
	       !has_port(o->owner_ports, o->n_owner_ports, s->local_port) &&
	       !has_port(o->link_ports, o->n_link_ports, s->local_port);
}

/* The known process at a link port that such a socket can send to, one of its own namespace first. */
static const struct owner *find_link_end(const struct match *m, const struct links *links, const struct owner *user)
{
	const struct discover_options *o = m->options;
	const struct owner *found = NULL;

	for (size_t i = 0; i < links->n; i++) {
		const struct owner *end = links->items[i];
		const struct socket_entry *s = socket_of(m, end);

		if (end->proc == user->proc || !m->candidate[end->proc] || s->udp.remote_port ||
		    !has_port(o->link_ports, o->n_link_ports, s->udp.local_port))
			continue;
		if (s->netns == socket_of(m, user)->netns)
			return end;
		if (!found && !is_any(&s->udp.local) && !is_loopback(&s->udp.local))
			found = end;
	}
	return found;
}

/* UERANSIM's nr-ue sends to each gNB by one socket that it never connects, so that no socket says with whom it is
 * joined. Its name, such a socket and a known process at the link's port say it together. */
static void find_link_users(struct match *m, const struct links *links)
{
	const struct proc *last = NULL;
	char detail[DISCOVER_DETAIL_MAX];

	for (size_t i = 0; i < m->owners->len; i++) {
		const struct owner *o = &m->owners->items[i], *end;
		const struct proc *proc = &m->procs->items[o->proc];

		if (proc == last || !is_link_user(m->options, proc->comm) || !is_unconnected(m, &socket_of(m, o)->udp))
			continue;
		end = find_link_end(m, links, o);
		if (!end)
			continue;
		last = proc;
		snprintf(detail, sizeof(detail), "udp %u not connected, beside %s (pid %d)",
			 socket_of(m, o)->udp.local_port, m->procs->items[end->proc].comm, end->process.pid);
		add_finding(m, proc, EVIDENCE_PEER, detail);
	}
}

/* A connected socket and the one it is connected to: each owner is the peer of the other. */
static void find_peers(struct match *m, const struct links *links)
{
	for (size_t i = 0; i < links->n; i++) {
		for (size_t k = 0; k < links->n; k++) {
			const struct owner *a = links->items[i], *b = links->items[k];

			if (a->proc == b->proc || !reaches(socket_of(m, a), socket_of(m, b)))
				continue;
			add_peer(m, a, b);
			add_peer(m, b, a);
		}
	}
}

static int match_all(struct discover *d, struct match *m)
{
	struct owners_scan scan = {
		.root = d->options.root,
		.procs = m->procs,
		.candidate = m->candidate,
		.sockets = m->sockets,
		.tun = on_tun,
		.data = m,
		.max_fds = d->options.max_fds,
	};
	struct links links;
	int r;

	find_names(m);
	r = owners_find(&d->owners, &scan);
	if (r < 0)
		return r;
	m->owners = &d->owners;
	find_socket_owners(m);
	find_links(m, &links);
	find_peers(m, &links);
	find_link_users(m, &links);
	return m->failed ? -ENOMEM : 0;
}

int discover_match(struct discover *d, const struct proc_list *procs, const struct socket_list *sockets,
		   struct findings *ret, struct err *err)
{
	_cleanup_(findings_free) struct findings out = {
		.processes = procs->len,
		.processes_left_out = procs->left_out,
		.namespaces = sockets->namespaces,
		.namespaces_failed = sockets->namespaces_failed,
		.sockets = sockets->len,
		.sockets_left_out = sockets->left_out,
	};
	_cleanup_free_ bool *candidate = calloc(procs->len + 1, sizeof(*candidate));
	struct match m = {
		.options = &d->options,
		.procs = procs,
		.sockets = sockets,
		.candidate = candidate,
		.out = &out,
	};

	if (!candidate || match_all(d, &m) < 0)
		return err_set(err, -ENOMEM, "out of memory for %zu processes", procs->len);
	out.processes_unreadable = d->owners.unreadable;
	out.left_out += d->owners.left_out;
	*ret = out;
	out = (struct findings){0};
	return 0;
}

struct inodes {
	uint64_t *items; /* owned */
	size_t len, left_out;
	bool failed;
};

static void inodes_free(struct inodes *inodes)
{
	free(inodes->items);
}

static void on_user_socket(void *data, int fd, uint64_t inode)
{
	struct inodes *inodes = data;

	if (inodes->len == SOCKETS_MAX)
		inodes->left_out++;
	else if (VEC_ROOM(inodes->items, inodes->len))
		inodes->items[inodes->len++] = inode;
	else
		inodes->failed = true;
}

/* No port marks the sockets of the link's users; their descriptors do. Those that end meanwhile have none. */
static int list_user_sockets(const struct discover_options *o, const struct proc_list *procs, struct inodes *ret)
{
	const struct fd_visitor v = {.socket = on_user_socket, .data = ret, .max = o->max_fds};

	for (size_t i = 0; i < procs->len; i++) {
		if (is_link_user(o, procs->items[i].comm))
			(void)sockets_visit_fds(o->root, procs->items[i].pid, &v);
	}
	if (ret->len)
		qsort(ret->items, ret->len, sizeof(*ret->items), socket_inode_compare);
	return ret->failed ? -ENOMEM : 0;
}

static int list_sockets(const struct discover_options *o, const struct inodes *users,
			const struct netns_list *namespaces, struct socket_list *ret, struct err *err)
{
	uint16_t ports[2 * DISCOVER_PORTS_MAX];
	struct socket_query query = {.root = o->root, .ports = ports, .inodes = users->items, .n_inodes = users->len};
	size_t n = 0;
	int r;

	for (size_t i = 0; i < o->n_owner_ports; i++)
		ports[n++] = o->owner_ports[i];
	for (size_t i = 0; i < o->n_link_ports; i++)
		ports[n++] = o->link_ports[i];
	query.n_ports = n;
	r = sockets_udp(&query, namespaces, ret, err);
	if (r < 0 && r != -ENOMEM) {
		*ret = (struct socket_list){
			.namespaces = namespaces->len,
			.namespaces_failed = namespaces->len,
		};
		return 0;
	}
	return r;
}

int discover_scan(struct discover *d, struct findings *ret, struct err *err)
{
	_cleanup_(proc_list_free) struct proc_list procs = {0};
	_cleanup_(netns_list_free) struct netns_list namespaces = {0};
	_cleanup_(socket_list_free) struct socket_list sockets = {0};
	_cleanup_(inodes_free) struct inodes users = {0};
	int r;

	r = proc_list(d->options.root, &procs, err);
	if (r == 0 && list_user_sockets(&d->options, &procs, &users) < 0)
		r = err_oom(err);
	if (r == 0)
		r = netns_list(d->options.root, &procs, &namespaces, err);
	if (r == 0)
		r = list_sockets(&d->options, &users, &namespaces, &sockets, err);
	if (r == 0)
		r = discover_match(d, &procs, &sockets, ret, err);
	if (r < 0)
		return r;
	ret->namespaces_left_out = namespaces.left_out;
	ret->sockets_left_out += users.left_out;
	return 0;
}
