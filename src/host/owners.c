/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "owners.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "vec.h"

struct run {
	const struct owners_scan *scan;
	struct owners *next;
	bool *owned; /* by socket */
	uint32_t proc;
	bool failed;
};

void owners_free(struct owners *o)
{
	free(o->items);
	free(o->orphans);
	*o = (struct owners){0};
}

static void add_owner(struct run *run, const struct socket_entry *s, int fd)
{
	const struct proc *proc = &run->scan->procs->items[run->proc];
	struct owners *o = run->next;

	run->owned[s - run->scan->sockets->items] = true;
	if (o->len == OWNERS_MAX) {
		o->left_out++;
		return;
	}
	if (!VEC_ROOM(o->items, o->len)) {
		run->failed = true;
		return;
	}
	o->items[o->len++] = (struct owner){
		.socket = (uint32_t)(s - run->scan->sockets->items),
		.proc = run->proc,
		.process = pidref_of(proc),
		.inode = s->udp.inode,
		.fd = fd,
	};
}

static void on_socket(void *data, int fd, uint64_t inode)
{
	struct run *run = data;
	const struct socket_entry *s = socket_list_find(run->scan->sockets, inode);

	if (s)
		add_owner(run, s, fd);
}

static void on_tun(void *data, int fd, const char *interface)
{
	struct run *run = data;
	const struct owners_scan *scan = run->scan;

	if (scan->tun)
		scan->tun(scan->data, &scan->procs->items[run->proc], interface);
}

static void read_processes(struct run *run, bool candidates)
{
	const struct owners_scan *scan = run->scan;
	struct fd_visitor v = {
		.socket = on_socket, .tun = candidates ? on_tun : NULL, .data = run, .max = scan->max_fds};
	int r;

	for (size_t i = 0; i < scan->procs->len; i++) {
		if (scan->candidate[i] != candidates)
			continue;
		run->proc = (uint32_t)i;
		r = sockets_visit_fds(scan->root, scan->procs->items[i].pid, &v);
		if (r && r != -ESRCH)
			run->next->unreadable++;
	}
}

static int compare_pid(const void *key, const void *item)
{
	const int32_t pid = *(const int32_t *)key;
	const struct proc *proc = item;

	return (pid > proc->pid) - (pid < proc->pid);
}

/* The owners of last time that still hold the same socket by the same descriptor. */
static void keep_known(struct run *run, const struct owners *last)
{
	const struct owners_scan *scan = run->scan;

	for (size_t i = 0; i < last->len; i++) {
		const struct owner *o = &last->items[i];
		const struct socket_entry *s = socket_list_find(scan->sockets, o->inode);
		const struct proc *proc = NULL;
		struct pidref now;

		if (s && scan->procs->len)
			proc = bsearch(&o->process.pid, scan->procs->items, scan->procs->len, sizeof(*proc),
				       compare_pid);
		if (!proc || scan->candidate[proc - scan->procs->items])
			continue;
		now = pidref_of(proc);
		if (!pidref_equal(&now, &o->process) || sockets_fd_inode(scan->root, o->process.pid, o->fd) != o->inode)
			continue;
		run->proc = (uint32_t)(proc - scan->procs->items);
		add_owner(run, s, o->fd);
	}
}

static int compare_inode(const void *key, const void *item)
{
	const uint64_t inode = *(const uint64_t *)key;
	const struct owner_orphan *o = item;

	return (inode > o->inode) - (inode < o->inode);
}

static const struct owner_orphan *find_orphan(const struct owners *o, uint64_t inode)
{
	if (!o->n_orphans)
		return NULL;
	return bsearch(&inode, o->orphans, o->n_orphans, sizeof(*o->orphans), compare_inode);
}

/* Whether a socket without an owner is due for a look at every process. */
static bool look_due(const struct run *run, const struct owners *last)
{
	const struct socket_list *sockets = run->scan->sockets;

	for (size_t i = 0; i < sockets->len; i++) {
		const struct owner_orphan *orphan;

		if (run->owned[i] || !sockets->items[i].udp.inode)
			continue;
		orphan = find_orphan(last, sockets->items[i].udp.inode);
		if (!orphan || orphan->next_scan <= run->next->scans)
			return true;
	}
	return false;
}

static struct owner_orphan orphan_after(const struct owners *last, uint64_t inode, uint64_t scans, bool looked)
{
	const struct owner_orphan *before = find_orphan(last, inode);
	struct owner_orphan o = before ? *before : (struct owner_orphan){.inode = inode};

	if (!looked)
		return o;
	o.wait = o.wait ? MIN(o.wait * 2, OWNERS_RETRY_MAX) : 1;
	o.next_scan = scans + o.wait;
	return o;
}

/* The sockets are sorted by inode, so the orphans are. */
static int note_orphans(struct run *run, const struct owners *last, bool looked)
{
	const struct socket_list *sockets = run->scan->sockets;
	struct owners *o = run->next;

	o->orphans = calloc(sockets->len + 1, sizeof(*o->orphans));
	if (!o->orphans)
		return -ENOMEM;
	for (size_t i = 0; i < sockets->len; i++) {
		uint64_t inode = sockets->items[i].udp.inode;

		if (!run->owned[i] && inode)
			o->orphans[o->n_orphans++] = orphan_after(last, inode, o->scans, looked);
	}
	return 0;
}

int owners_find(struct owners *o, const struct owners_scan *scan)
{
	_cleanup_(owners_free) struct owners next = {
		.scans = o->scans + 1,
		.full_scans = o->full_scans,
	};
	_cleanup_free_ bool *owned = calloc(scan->sockets->len + 1, sizeof(*owned));
	struct run run = {.scan = scan, .next = &next, .owned = owned};
	size_t n_candidates;
	bool look;

	if (!owned)
		return -ENOMEM;
	read_processes(&run, true);
	n_candidates = next.len;
	keep_known(&run, o);
	look = look_due(&run, o);
	if (look) {
		next.len = n_candidates;
		next.full_scans++;
		read_processes(&run, false);
	}
	if (run.failed || note_orphans(&run, o, look) < 0)
		return -ENOMEM;
	owners_free(o);
	*o = next;
	next = (struct owners){0};
	return 0;
}
