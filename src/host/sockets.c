/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "sockets.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "procfs.h"
#include "vec.h"

void socket_list_free(struct socket_list *list)
{
	free(list->items);
	*list = (struct socket_list){0};
}

struct collect {
	struct socket_list *list;
	const struct socket_query *query;
	uint64_t netns;
	bool failed;
};

int socket_inode_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_wanted(const struct socket_query *q, const struct udp_socket *s)
{
	const uint64_t inode = s->inode;

	for (size_t i = 0; i < q->n_ports; i++) {
		if (s->local_port == q->ports[i] || s->remote_port == q->ports[i])
			return true;
	}
	return q->n_inodes && bsearch(&inode, q->inodes, q->n_inodes, sizeof(*q->inodes), socket_inode_compare);
}

static void collect_socket(const struct udp_socket *socket, void *data)
{
	struct collect *c = data;
	struct socket_list *list = c->list;

	if (!is_wanted(c->query, socket))
		return;
	if (list->len == SOCKETS_MAX)
		list->left_out++;
	else if (VEC_ROOM(list->items, list->len))
		list->items[list->len++] = (struct socket_entry){.udp = *socket, .netns = c->netns};
	else
		c->failed = true;
}

static int list_sockets_here(void *data, struct err *err)
{
	return sock_diag_udp_list(collect_socket, data, err);
}

static int compare_sockets(const void *a, const void *b)
{
	const struct socket_entry *x = a, *y = b;

	return (x->udp.inode > y->udp.inode) - (x->udp.inode < y->udp.inode);
}

int sockets_udp(const struct socket_query *query, const struct netns_list *namespaces, struct socket_list *ret,
		struct err *err)
{
	_cleanup_(socket_list_free) struct socket_list list = {0};
	struct collect c = {.list = &list, .query = query};
	int r = 0;

	for (size_t i = 0; i < namespaces->len; i++) {
		int one;

		c.netns = namespaces->items[i].inode;
		one = netns_visit(query->root, &namespaces->items[i], list_sockets_here, &c, err);
		if (one == -ESRCH)
			continue;
		list.namespaces++;
		if (one < 0) {
			list.namespaces_failed++;
			r = one;
		}
	}
	if (c.failed)
		return err_set(err, -ENOMEM, "out of memory for %zu sockets", list.len);
	if (list.namespaces && list.namespaces_failed == list.namespaces)
		return r;
	if (list.len)
		qsort(list.items, list.len, sizeof(*list.items), compare_sockets);
	*ret = list;
	list = (struct socket_list){0};
	return 0;
}

static int compare_socket_inode(const void *key, const void *item)
{
	const uint64_t inode = *(const uint64_t *)key;
	const struct socket_entry *s = item;

	return (inode > s->udp.inode) - (inode < s->udp.inode);
}

const struct socket_entry *socket_list_find(const struct socket_list *list, uint64_t inode)
{
	if (!inode || !list->len)
		return NULL;
	return bsearch(&inode, list->items, list->len, sizeof(*list->items), compare_socket_inode);
}

/* "iff:\tuesimtun0" (drivers/net/tun.c, tun_chr_show_fdinfo); an fd without a device has none. */
static bool tun_interface(const char *root, int32_t pid, int fd, char name[static IF_NAMESIZE])
{
	char path[PROC_PATH_MAX], text[512], *line, *save = NULL;
	size_t len;

	if (procfs_path(path, sizeof(path), "%s/proc/%d/fdinfo/%d", root, pid, fd) < 0 ||
	    procfs_read(path, text, sizeof(text), &len) < 0)
		return false;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "iff:", 4))
			continue;
		line += 4 + strspn(line + 4, " \t");
		snprintf(name, IF_NAMESIZE, "%.*s", IF_NAMESIZE - 1, line);
		return name[0];
	}
	return false;
}

/* Seen from another mount namespace the path may begin elsewhere. */
static bool is_tun(const char *link)
{
	size_t len = strlen(link);

	return len >= 7 && !strcmp(link + len - 7, "net/tun");
}

static void visit_descriptor(const char *root, int32_t pid, int fd, const struct fd_visitor *v)
{
	char path[PROC_PATH_MAX], link[256], name[IF_NAMESIZE];
	uint64_t inode;

	if (procfs_path(path, sizeof(path), "%s/proc/%d/fd/%d", root, pid, fd) < 0 ||
	    procfs_readlink(path, link, sizeof(link)) < 0)
		return;
	inode = procfs_inode(link, "socket");
	if (inode && v->socket)
		v->socket(v->data, fd, inode);
	else if (!inode && v->tun && is_tun(link) && tun_interface(root, pid, fd, name))
		v->tun(v->data, fd, name);
}

int sockets_visit_fds(const char *root, int32_t pid, const struct fd_visitor *visitor)
{
	_cleanup_dir_ DIR *dir = NULL;
	char path[PROC_PATH_MAX];
	struct dirent *entry;
	uint64_t fd;
	int r;

	r = procfs_path(path, sizeof(path), "%s/proc/%d/fd", root, pid);
	if (r < 0)
		return r;
	dir = opendir(path);
	if (!dir)
		return procfs_error(errno);
	for (size_t n = 0; (entry = readdir(dir)); n++) {
		if (n == (visitor->max ?: SOCKETS_FDS_MAX))
			return 1;
		if (procfs_number(entry->d_name, INT32_MAX, &fd))
			visit_descriptor(root, pid, (int)fd, visitor);
		else if (!strcmp(entry->d_name, "0"))
			visit_descriptor(root, pid, 0, visitor);
	}
	return 0;
}

uint64_t sockets_fd_inode(const char *root, int32_t pid, int fd)
{
	char path[PROC_PATH_MAX], link[256];

	if (procfs_path(path, sizeof(path), "%s/proc/%d/fd/%d", root, pid, fd) < 0 ||
	    procfs_readlink(path, link, sizeof(link)) < 0)
		return 0;
	return procfs_inode(link, "socket");
}
