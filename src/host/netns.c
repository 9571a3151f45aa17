/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "netns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "map.h"
#include "ns.h"
#include "procfs.h"

void netns_list_free(struct netns_list *list)
{
	free(list->items);
	*list = (struct netns_list){0};
}

static int compare_netns(const void *a, const void *b)
{
	const struct netns *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static uint64_t inode_of_mount(const char *root, const char *name)
{
	char path[PROC_PATH_MAX];
	struct stat st;

	if (procfs_path(path, sizeof(path), "%s" NS_RUN_DIR "/%s", root, name) < 0 || stat(path, &st) < 0)
		return 0;
	return st.st_ino;
}

static DIR *open_run(const char *root)
{
	char path[PROC_PATH_MAX];

	if (procfs_path(path, sizeof(path), "%s" NS_RUN_DIR, root) < 0)
		return NULL;
	return opendir(path);
}

/* The next mount: its name and its inode. */
static const char *next_mount(DIR *dir, const char *root, uint64_t *ret_inode)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		*ret_inode = inode_of_mount(root, entry->d_name);
		if (*ret_inode)
			return entry->d_name;
	}
	return NULL;
}

static void add_netns(struct map *found, const char *name, const struct proc *proc, uint64_t inode)
{
	struct netns *ns = map_put(found, &inode, NULL);

	if (!ns)
		return;
	ns->inode = inode;
	if (name && (!ns->name[0] || strcmp(name, ns->name) < 0))
		snprintf(ns->name, sizeof(ns->name), "%s", name);
	if (proc && !ns->pid)
		ns->pid = proc->pid;
	if (proc)
		ns->processes++;
}

/* A node whose namespaces have no name may lack the folder. */
static int add_mounts(const char *root, struct map *found)
{
	_cleanup_dir_ DIR *dir = open_run(root);
	const char *name;
	uint64_t inode;

	if (!dir && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
		return -errno;
	while (dir && (name = next_mount(dir, root, &inode)))
		add_netns(found, name, NULL, inode);
	return 0;
}

static int sort_into_list(const struct map *found, struct netns_list *ret)
{
	struct netns *items = calloc(map_len(found) + 1, sizeof(*items));
	const struct netns *ns;
	size_t cursor = 0, n = 0;

	if (!items)
		return -ENOMEM;
	while ((ns = map_next(found, &cursor, NULL)))
		items[n++] = *ns;
	qsort(items, n, sizeof(*items), compare_netns);
	*ret = (struct netns_list){.items = items, .len = n, .left_out = map_refused(found)};
	return 0;
}

/* r: the result of gathering. */
static int finish_list(int r, const struct map *found, struct netns_list *ret, struct err *err)
{
	if (r >= 0)
		r = sort_into_list(found, ret);
	return r < 0 ? err_set(err, r, "listing network namespaces: %s", err_name(r)) : 0;
}

int netns_list(const char *root, const struct proc_list *procs, struct netns_list *ret, struct err *err)
{
	_cleanup_(cleanup_map) struct map *found = map_new(sizeof(uint64_t), sizeof(struct netns), NETNS_MAX);
	int r = found ? add_mounts(root, found) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < procs->len; i++) {
		if (procs->items[i].netns)
			add_netns(found, NULL, &procs->items[i], procs->items[i].netns);
	}
	return finish_list(r, found, ret, err);
}

static int add_processes(const char *root, struct map *found)
{
	char path[PROC_PATH_MAX];
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *entry;
	struct stat st;
	uint64_t pid;

	if (procfs_path(path, sizeof(path), "%s/proc", root) < 0)
		return -ENAMETOOLONG;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct proc proc;

		if (!procfs_number(entry->d_name, INT32_MAX, &pid) ||
		    procfs_path(path, sizeof(path), "%s/proc/%s/ns/net", root, entry->d_name) < 0 ||
		    stat(path, &st) < 0)
			continue;
		proc.pid = (int32_t)pid;
		add_netns(found, NULL, &proc, st.st_ino);
	}
	return 0;
}

int netns_list_all(const char *root, struct netns_list *ret, struct err *err)
{
	_cleanup_(cleanup_map) struct map *found = map_new(sizeof(uint64_t), sizeof(struct netns), NETNS_MAX);
	int r = found ? add_mounts(root, found) : -ENOMEM;

	if (r == 0)
		r = add_processes(root, found);
	return finish_list(r, found, ret, err);
}

static int compare_netns_inode(const void *key, const void *item)
{
	const uint64_t inode = *(const uint64_t *)key;
	const struct netns *ns = item;

	return (inode > ns->inode) - (inode < ns->inode);
}

const struct netns *netns_find(const struct netns_list *list, uint64_t inode)
{
	if (!list->len)
		return NULL;
	return bsearch(&inode, list->items, list->len, sizeof(*list->items), compare_netns_inode);
}

const char *netns_name(const char *root, uint64_t inode, char text[static NETNS_NAME_MAX])
{
	_cleanup_dir_ DIR *dir = open_run(root);
	const char *name;
	uint64_t found;

	while (dir && (name = next_mount(dir, root, &found))) {
		if (found != inode)
			continue;
		snprintf(text, NETNS_NAME_MAX, "%s", name);
		return text;
	}
	snprintf(text, NETNS_NAME_MAX, "%" PRIu64, inode);
	return text;
}

bool netns_is_gone(int r)
{
	return r == -ENOENT || r == -ESRCH || r == -EINVAL || r == -ENOTDIR || r == -ELOOP || r == -ENXIO;
}

static int open_checked(const char *path, uint64_t inode, struct err *err)
{
	_cleanup_close_ int fd = ns_open(path, err);

	if (fd < 0)
		return netns_is_gone(fd) ? -ESRCH : fd;
	if (ns_inode(fd) != inode)
		return err_set(err, -ESRCH, "network namespace %" PRIu64 " has gone from %s", inode, path);
	return TAKE_FD(fd);
}

static int open_as_known(const char *root, const struct netns *ns, struct err *err)
{
	char path[PROC_PATH_MAX];
	int fd = -ESRCH;

	if (ns->name[0] && procfs_path(path, sizeof(path), "%s" NS_RUN_DIR "/%s", root, ns->name) == 0)
		fd = open_checked(path, ns->inode, err);
	if (fd < 0 && ns->pid && procfs_path(path, sizeof(path), "%s/proc/%d/ns/net", root, ns->pid) == 0)
		fd = open_checked(path, ns->inode, err);
	return fd;
}

/* By another name or another process of the namespace. */
static int open_by_inode(const char *root, uint64_t inode, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	int r = netns_list_all(root, &list, err);
	const struct netns *ns = r < 0 ? NULL : netns_find(&list, inode);

	if (ns)
		return open_as_known(root, ns, err);
	return r < 0 ? r : err_set(err, -ESRCH, "network namespace %" PRIu64 " has gone", inode);
}

int netns_open(const char *root, const struct netns *ns, struct err *err)
{
	int fd = open_as_known(root, ns, err);

	/* Where no process was known, nothing but the name held it. */
	return fd == -ESRCH && ns->pid ? open_by_inode(root, ns->inode, err) : fd;
}

/* Owns fd. */
static int call_in_netns(int fd, netns_fn fn, void *data, struct err *err)
{
	int r = ns_call(fd, fn, data, err);

	close(fd);
	return r;
}

int netns_visit(const char *root, const struct netns *ns, netns_fn fn, void *data, struct err *err)
{
	int fd;

	/* To be where the thread already is takes no right and no helper. */
	if (ns->inode == ns_inode_self())
		return fn(data, err);
	fd = netns_open(root, ns, err);
	return fd < 0 ? fd : call_in_netns(fd, fn, data, err);
}

int netns_visit_at(const char *spec, uint64_t inode, netns_fn fn, void *data, struct err *err)
{
	int fd;

	if (inode && inode == ns_inode_self())
		return fn(data, err);
	fd = ns_open(spec, err);
	if (inode && (fd < 0 || ns_inode(fd) != inode)) {
		if (fd >= 0)
			close(fd);
		fd = open_by_inode("", inode, err);
	}
	return fd < 0 ? fd : call_in_netns(fd, fn, data, err);
}
