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

static size_t links_of(const struct match *m, const struct owner **ret)
{
	const struct discover_options *o = m->options;
	size_t n = 0;

	for (size_t i = 0; i < m->owners->len; i++) {
		const struct udp_socket *s = &socket_of(m, &m->owners->items[i])->udp;

		if (!has_port(o->link_ports, o->n_link_ports, s->local_port) &&
		    !has_port(o->link_ports, o->n_link_ports, s->remote_port))
			continue;
		if (n == LINKS_MAX)
			m->out->left_out++;
		else
			ret[n++] = &m->owners->items[i];
	}
	return n;
}

/* A connected socket and the one it is connected to: each owner is the peer of the other. */
static void find_peers(struct match *m)
{
	const struct owner *links[LINKS_MAX];
	size_t n = links_of(m, links);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			if (links[i]->proc == links[k]->proc ||
			    !reaches(socket_of(m, links[i]), socket_of(m, links[k])))
				continue;
			add_peer(m, links[i], links[k]);
			add_peer(m, links[k], links[i]);
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
	int r;

	find_names(m);
	r = owners_find(&d->owners, &scan);
	if (r < 0)
		return r;
	m->owners = &d->owners;
	find_socket_owners(m);
	find_peers(m);
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

static int list_sockets(const struct discover_options *o, const struct netns_list *namespaces, struct socket_list *ret,
			struct err *err)
{
	uint16_t ports[2 * DISCOVER_PORTS_MAX];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < o->n_owner_ports; i++)
		ports[n++] = o->owner_ports[i];
	for (size_t i = 0; i < o->n_link_ports; i++)
		ports[n++] = o->link_ports[i];
	r = sockets_udp(&(struct socket_query){.root = o->root, .ports = ports, .n_ports = n}, namespaces, ret, err);
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
	int r;

	r = proc_list(d->options.root, &procs, err);
	if (r == 0)
		r = netns_list(d->options.root, &procs, &namespaces, err);
	if (r == 0)
		r = list_sockets(&d->options, &namespaces, &sockets, err);
	if (r == 0)
		r = discover_match(d, &procs, &sockets, ret, err);
	if (r < 0)
		return r;
	ret->namespaces_left_out = namespaces.left_out;
	return 0;
}
