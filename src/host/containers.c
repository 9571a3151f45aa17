/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "containers.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bundle.h"
#include "cleanup.h"
#include "clock.h"
#include "map.h"
#include "ns.h"
#include "proc.h"
#include "procfs.h"

#define LOOKS_GONE 40 /* for which one that has gone is remembered */
#define SHORT_ID 12   /* as docker and crictl print it */
/* A look reads no further file once it has taken so much CPU time; a file takes as much at most. */
#define LOOK_NS (20 * NSEC_PER_MSEC)

/* What is kept of a bundle: a container, or a folder that is none (yet). */
struct entry {
	struct container container;
	uint64_t config; /* when the config.json read or refused last was changed, in ns; 0: none was */
	bool own_netns;
	bool shared;	 /* beside another container, now or earlier: what passes the namespace may be of either */
	unsigned unseen; /* looks since it was there last */
};

struct containers {
	char root[PROC_PATH_MAX];
	char *const *state;
	const char *looked_at; /* of state, the folder that this look is in */
	struct map *map;
	size_t left_out, unread;
	bool changed, failed;
	uint64_t host_netns;	  /* whose interfaces are of no pod */
	uint64_t changes, end_ns; /* end_ns: of this look, in CPU time */
};

struct containers *containers_new(const char *root, char *const *state)
{
	struct containers *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	snprintf(c->root, sizeof(c->root), "%s", root);
	c->state = state;
	c->map = map_new(CONTAINER_ID_MAX, sizeof(struct entry), CONTAINERS_MAX);
	if (!c->map) {
		free(c);
		return NULL;
	}
	return c;
}

void containers_free(struct containers *c)
{
	if (!c)
		return;
	map_free(c->map);
	free(c);
}

static bool is_id(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return name[0] != '.' && len == strlen(name) && len > 0 && len < CONTAINER_ID_MAX;
}

static int32_t read_pid(const char *path)
{
	char text[16];
	uint64_t pid;
	size_t len;

	if (procfs_read(path, text, sizeof(text), &len) < 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return procfs_number(text, INT32_MAX, &pid) ? (int32_t)pid : 0;
}

static uint64_t inode_of(const struct containers *c, const char *path)
{
	char whole[PROC_PATH_MAX];
	struct stat st;

	if (procfs_path(whole, sizeof(whole), "%s%s", c->root, path) < 0 || stat(whole, &st) < 0)
		return 0;
	return st.st_ino;
}

/* The line of the unified hierarchy, "0::/PATH". */
static uint64_t cgroup_of(const struct containers *c, int32_t pid)
{
	char path[PROC_PATH_MAX], text[4096], *line, *end;
	size_t len;

	if (procfs_path(path, sizeof(path), "%s/proc/%d/cgroup", c->root, pid) < 0 ||
	    procfs_read(path, text, sizeof(text), &len) < 0)
		return 0;
	line = !strncmp(text, "0::", 3) ? text : strstr(text, "\n0::");
	if (!line)
		return 0;
	line = strchr(line, '/');
	if (!line)
		return 0;
	end = strchrnul(line, '\n');
	*end = '\0';
	for (size_t i = 0; i < 2; i++) { /* where cgroup v1 is mounted too, the unified one is below */
		static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
		uint64_t inode;

		if (procfs_path(path, sizeof(path), "%s%s", mounts[i], line) < 0)
			return 0;
		inode = inode_of(c, path);
		if (inode)
			return inode;
	}
	return 0;
}

/* The namespace at path, which is kept with the container where it can be reached. */
static uint64_t try_netns(const struct containers *c, struct container *container, const char *path)
{
	uint64_t inode = inode_of(c, path);

	if (inode && path != container->netns_path)
		snprintf(container->netns_path, sizeof(container->netns_path), "%s", path);
	return inode;
}

/* The namespace that config.json names, or else that of the first process: its mount may be out of reach, as in a
 * container without that folder. containerd names also the host's, for a pod with hostNetwork. */
static uint64_t find_netns(const struct containers *c, struct container *container)
{
	static const char link[] = "/var/run/"; /* is /run, though not in each image */
	char path[sizeof(container->netns_path)];
	uint64_t inode = 0;

	if (container->netns_path[0])
		inode = try_netns(c, container, container->netns_path);
	if (!inode && !strncmp(container->netns_path, link, sizeof(link) - 1)) {
		snprintf(path, sizeof(path), "%s", container->netns_path + strlen("/var"));
		inode = try_netns(c, container, path);
	}
	if (!inode && container->pid) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", container->pid);
		inode = try_netns(c, container, path);
	}
	return inode == c->host_netns ? 0 : inode;
}

/* The process comes after config.json, and its namespaces with it. */
static void find_process(struct containers *c, struct entry *e, const char *pid_file)
{
	struct container *container = &e->container;

	if (!container->pid)
		container->pid = read_pid(pid_file);
	if (!container->cgroup_id && container->pid)
		container->cgroup_id = cgroup_of(c, container->pid);
	if (container->netns_inode || !e->own_netns)
		return;
	container->netns_inode = find_netns(c, container);
	c->changed |= container->netns_inode != 0;
}

/* What cannot be looked at (no descriptor left) may be there: nothing counts as gone then. */
static void note_failure(struct containers *c)
{
	c->failed |= errno != ENOENT && errno != ENOTDIR;
}

static uint64_t changed_ns(struct containers *c, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		note_failure(c);
		return 0;
	}
	return (uint64_t)st.st_mtim.tv_sec * 1000000000U + (uint64_t)st.st_mtim.tv_nsec;
}

static bool is_refused(int r)
{
	return r == -EINVAL || r == -EFBIG;
}

/* Into the entry, unless the file cannot be read now: then the next look tries again. */
static void read_bundle(struct containers *c, struct entry *e, const char *config, uint64_t now)
{
	struct entry fresh = {.config = now};
	int r;

	if (clock_thread_ns() >= c->end_ns) {
		c->unread++;
		return;
	}
	memcpy(fresh.container.id, e->container.id, sizeof(fresh.container.id));
	fresh.container.state = c->looked_at;
	/* a file half written is read again when it has changed */
	r = bundle_read(c->root, config, &fresh.container, &fresh.own_netns);
	if (r < 0 && !is_refused(r))
		return;
	*e = fresh;
	c->changed = true;
}

static void look_at(struct containers *c, const char *id, const char *config, const char *pid_file)
{
	uint64_t now = changed_ns(c, config);
	char key[CONTAINER_ID_MAX] = "";
	struct entry *e;

	memcpy(key, id, strnlen(id, sizeof(key) - 1));
	if (!now)
		return;
	e = map_put(c->map, key, NULL);
	if (!e) {
		c->left_out++;
		return;
	}
	memcpy(e->container.id, key, sizeof(key));
	if (e->container.gone)
		e->config = 0;
	e->unseen = 0;
	if (e->config != now)
		read_bundle(c, e, config, now);
	if (e->config)
		find_process(c, e, pid_file);
}

static void look_in(struct containers *c, const char *folder, const char *config, const char *pid_file)
{
	char path[PROC_PATH_MAX], pid_path[PROC_PATH_MAX];
	_cleanup_dir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		note_failure(c);
	while (dir && (entry = readdir(dir)))
		if (is_id(entry->d_name) &&
		    procfs_path(path, sizeof(path), "%s/%s/%s", folder, entry->d_name, config) == 0 &&
		    procfs_path(pid_path, sizeof(pid_path), "%s/%s/%s", folder, entry->d_name, pid_file) == 0)
			look_at(c, entry->d_name, path, pid_path);
}

static void look_at_state(struct containers *c, const char *state)
{
	char path[PROC_PATH_MAX], folder[PROC_PATH_MAX];
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *entry;

	c->looked_at = state;
	if (procfs_path(path, sizeof(path), "%s%s/io.containerd.runtime.v2.task", c->root, state) == 0) {
		dir = opendir(path);
		if (!dir)
			note_failure(c);
	}
	while (dir && (entry = readdir(dir)))
		if (is_id(entry->d_name) && procfs_path(folder, sizeof(folder), "%s/%s", path, entry->d_name) == 0)
			look_in(c, folder, "config.json", "init.pid");
	if (procfs_path(folder, sizeof(folder), "%s%s/overlay-containers", c->root, state) == 0)
		look_in(c, folder, "userdata/config.json", "userdata/pidfile");
}

static void forget_unseen(struct containers *c)
{
	const void *key;
	struct entry *e;
	size_t cursor = 0;

	while ((e = map_next(c->map, &cursor, &key))) {
		if (c->failed && e->unseen)
			e->unseen--;
		c->changed |= e->unseen == 1 || e->unseen > LOOKS_GONE;
		e->container.gone = e->unseen > 0;
		if (e->unseen > LOOKS_GONE)
			map_remove(c->map, key);
	}
}

static bool same_pod(const struct container *a, const struct container *b)
{
	return !strcmp(a->pod_uid, b->pod_uid) && !strcmp(a->pod, b->pod);
}

/* A container that is started again has another id and the same name. */
static bool same_name(const struct container *a, const struct container *b)
{
	return a->name[0] || b->name[0] ? !strcmp(a->name, b->name) : !strcmp(a->id, b->id);
}

static bool is_neighbour(const struct container *a, const struct container *b)
{
	return a->netns_inode && a->netns_inode == b->netns_inode && same_pod(a, b);
}

static bool are_beside(const struct container *a, const struct container *b)
{
	return !a->sandbox && !b->sandbox && !a->gone && !b->gone && !same_name(a, b);
}

static int compare_netns(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return ((*x)->container.netns_inode > (*y)->container.netns_inode) -
	       ((*x)->container.netns_inode < (*y)->container.netns_inode);
}

/* Each neighbour learns it, the sandbox too: it stays while containers come and go. */
static void mark_neighbours(struct entry *const *entries, size_t n, size_t at)
{
	struct entry *e = entries[at];
	uint64_t inode = e->container.netns_inode;

	for (size_t i = at + 1; i < n && entries[i]->container.netns_inode == inode; i++) {
		struct entry *other = entries[i];

		if (!is_neighbour(&e->container, &other->container))
			continue;
		if (e->shared || other->shared || are_beside(&e->container, &other->container))
			e->shared = other->shared = true;
	}
}

static void mark_shared(struct containers *c)
{
	_cleanup_free_ struct entry **entries = calloc(map_len(c->map) + 1, sizeof(*entries));
	struct entry *e;
	size_t cursor = 0, n = 0;

	while (entries && (e = map_next(c->map, &cursor, NULL)))
		if (e->container.netns_inode)
			entries[n++] = e;
	if (!n)
		return;
	qsort(entries, n, sizeof(entries[0]), compare_netns);
	for (size_t i = 0; i < n; i++)
		mark_neighbours(entries, n, i);
	for (size_t i = n; i-- > 0;) /* those before the first that knew */
		mark_neighbours(entries, n, i);
}

bool containers_look(struct containers *c)
{
	struct entry *e;
	size_t cursor = 0;

	c->changed = c->failed = false;
	c->host_netns = inode_of(c, "/proc/1/ns/net") ?: ns_inode_self();
	c->left_out = c->unread = 0;
	c->end_ns = clock_thread_ns() + LOOK_NS;
	while ((e = map_next(c->map, &cursor, NULL)))
		e->unseen++;
	for (size_t i = 0; c->state && c->state[i]; i++)
		look_at_state(c, c->state[i]);
	forget_unseen(c);
	if (c->changed)
		mark_shared(c);
	c->changes += c->changed;
	return c->changed;
}

uint64_t containers_changes(const struct containers *c)
{
	return c->changes;
}

size_t containers_len(const struct containers *c)
{
	return map_len(c->map);
}

size_t containers_unread(const struct containers *c)
{
	return c->unread;
}

size_t containers_left_out(const struct containers *c)
{
	return c->left_out;
}

const struct container *containers_next(const struct containers *c, size_t *cursor)
{
	const struct entry *e = map_next(c->map, cursor, NULL);

	return e ? &e->container : NULL;
}

const struct container *containers_find(const struct containers *c, const char *id)
{
	char key[CONTAINER_ID_MAX] = "";
	const struct entry *e;

	if (strlen(id) >= sizeof(key))
		return NULL;
	memcpy(key, id, strlen(id));
	e = map_get(c->map, key);
	return e ? &e->container : NULL;
}

const struct container *containers_of_cgroup(const struct containers *c, uint64_t cgroup_id)
{
	const struct container *one;
	size_t cursor = 0;

	while (cgroup_id && (one = containers_next(c, &cursor)))
		if (one->cgroup_id == cgroup_id)
			return one;
	return NULL;
}

static int rank(const struct container *c)
{
	return c->gone * 2 + c->sandbox;
}

/* Whether what passes the namespace of c may be of the other. The number of a namespace that has ended is given to
 * the next one: its containers are of another pod, and gone. */
static bool may_be_of(const struct container *c, const struct container *other)
{
	if (other == c || other->sandbox || other->netns_inode != c->netns_inode)
		return false;
	if (!same_pod(c, other))
		return c->gone || !other->gone;
	return !same_name(c, other);
}

static bool is_alone(const struct containers *c, const struct container *one)
{
	const struct container *other;
	const struct entry *e;
	size_t cursor = 0;

	e = map_get(c->map, one->id);
	if (one->sandbox || (e && e->shared))
		return false;
	while ((other = containers_next(c, &cursor)))
		if (may_be_of(one, other))
			return false;
	return true;
}

const struct container *containers_of_netns(const struct containers *c, uint64_t inode, bool *ret_alone)
{
	const struct container *one, *found = NULL;
	size_t cursor = 0;

	while (inode && (one = containers_next(c, &cursor)))
		if (one->netns_inode == inode &&
		    (!found || rank(one) < rank(found) || (rank(one) == rank(found) && strcmp(one->id, found->id) < 0)))
			found = one;
	*ret_alone = found && is_alone(c, found);
	return found;
}

static bool has_label(const struct container *c, const char *label)
{
	size_t len = strlen(label);

	for (const char *at = c->labels; (at = strstr(at, label)); at++)
		if ((at == c->labels || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

bool container_in_pod(const struct container *c, const char *pattern)
{
	const char *name = strrchr(c->pod, '/');

	if (!c->pod[0] && !c->pod_uid[0])
		return false;
	if (!strcmp(c->pod_uid, pattern))
		return true;
	if (strchr(pattern, '='))
		return has_label(c, pattern);
	return fnmatch(pattern, strchr(pattern, '/') || !name ? c->pod : name + 1, 0) == 0;
}

bool container_is(const struct container *c, const char *pattern)
{
	size_t len = strlen(pattern);

	return (c->name[0] && fnmatch(pattern, c->name, 0) == 0) || fnmatch(pattern, c->id, 0) == 0 ||
	       (len >= SHORT_ID && !strncmp(c->id, pattern, len));
}
