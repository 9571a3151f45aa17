/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "flow_target.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "netns.h"
#include "ns.h"

void flow_targets_free(struct flow_targets *t)
{
	for (size_t i = 0; i < t->len; i++)
		free(t->items[i].netns);
	free(t->items);
	string_list_free(&t->absent);
	string_list_free(&t->why);
	*t = (struct flow_targets){0};
}

/* ARPHRD_*, or -errno when it is gone. */
static int link_type(int socket_fd, const char *name)
{
	struct ifreq request = {0};

	memcpy(request.ifr_name, name, strnlen(name, IF_NAMESIZE - 1));
	return ioctl(socket_fd, SIOCGIFHWADDR, &request) < 0 ? -errno : request.ifr_hwaddr.sa_family;
}

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

bool flow_target_same(const struct flow_target *a, const struct flow_target *b)
{
	return a->netns_inode == b->netns_inode && a->netns_cookie == b->netns_cookie &&
	       a->ifindex == b->ifindex;
}

static bool known(const struct flow_targets *t, const struct flow_target *f)
{
	for (size_t i = 0; i < t->len; i++)
		if (flow_target_same(&t->items[i], f))
			return true;
	return false;
}

static void set_netns_text(struct flow_target *f)
{
	const char *base = f->netns ? strrchr(f->netns, '/') : NULL;

	base = base ? base + 1 : f->netns;
	if (!base || !*base || !strncmp(base, "pid:", 4) || !strcmp(base, "net"))
		snprintf(f->netns_text, sizeof(f->netns_text), "%llu",
			 (unsigned long long)f->netns_inode);
	else
		snprintf(f->netns_text, sizeof(f->netns_text), "%s", base);
}

static int add_target(struct flow_targets *t, const char *netns, const struct if_nameindex *link,
		      bool l3)
{
	struct flow_target f = {.ifindex = link->if_index, .l3 = l3,
				.netns_inode = ns_inode_self(), .netns_cookie = ns_cookie_self()};
	struct flow_target *items;

	if (known(t, &f))
		return 0;
	items = reallocarray(t->items, t->len + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	t->items = items;
	if (netns && !(f.netns = strdup(netns)))
		return -ENOMEM;
	snprintf(f.interface, sizeof(f.interface), "%s", link->if_name);
	set_netns_text(&f);
	items[t->len++] = f;
	return 0;
}

/* In the namespace. Number of interfaces that match; texts of all of them in *all. */
static int add_matching(struct flow_targets *t, const char *netns, const char *pattern,
			struct buf *all)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct if_nameindex *links = if_nameindex();
	int n = 0, type, r = 0;

	if (!links || fd < 0)
		r = -errno;
	for (struct if_nameindex *l = links; r == 0 && l && l->if_index; l++) {
		buf_printf(all, "%s%s", all->len ? ", " : "", l->if_name);
		if (fnmatch(pattern, l->if_name, 0) != 0)
			continue;
		type = link_type(fd, l->if_name);
		if (type < 0 || (type == ARPHRD_LOOPBACK && is_pattern(pattern)))
			continue;
		/* loopback has Ethernet headers too, all zero */
		r = add_target(t, netns, l, type != ARPHRD_ETHER && type != ARPHRD_LOOPBACK);
		n++;
	}
	if (links)
		if_freenameindex(links);
	return r < 0 ? r : n;
}

static int find_here(struct flow_targets *t, const char *netns, const char *pattern,
		     struct err *err)
{
	_cleanup_(buf_free) struct buf all = {0};
	int n = add_matching(t, netns, pattern, &all);

	if (n < 0)
		return err_set(err, n, "listing interfaces: %s", err_name(n));
	if (n == 0)
		return err_set(err, -ENODEV, "no interface '%s' in %s%s; there are: %s", pattern,
			       netns ? "network namespace " : "this network namespace",
			       netns ?: "", all.data ?: "none");
	return 0;
}

static int find_in(struct flow_targets *t, const char *netns, const char *pattern, struct err *err)
{
	_cleanup_close_ int fd = ns_open(netns, err);
	int previous, r;

	if (fd < 0)
		return fd;
	r = ns_enter(fd, &previous, err);
	if (r < 0)
		return r;
	r = find_here(t, netns, pattern, err);
	ns_leave(previous);
	return r;
}

static bool is_absence(int r)
{
	return r == -ENODEV || r == -ENOENT || r == -ESRCH;
}

/* Not all of those that match need to have such an interface. */
static int find_in_matching(struct flow_targets *t, const char *netns_pattern, const char *pattern, struct err *err)
{
	_cleanup_(buf_free) struct buf all = {0};
	DIR *names = opendir(NS_RUN_DIR);
	struct dirent *name;
	size_t before = t->len;
	int r = 0;

	while (names && r == 0 && (name = readdir(names))) {
		if (name->d_name[0] == '.')
			continue;
		buf_printf(&all, "%s%s", all.len ? ", " : "", name->d_name);
		if (fnmatch(netns_pattern, name->d_name, 0) == 0)
			r = find_in(t, name->d_name, pattern, err);
		/* -EINVAL: a file that is no namespace, as a failed mount leaves it */
		if (is_absence(r) || r == -EINVAL)
			r = 0;
	}
	if (names)
		closedir(names);
	if (r == 0 && t->len == before)
		return err_set(err, -ENODEV, "no interface '%s' in a network namespace '%s'; those with a name are: %s",
			       pattern, netns_pattern, all.data ?: "none");
	return r;
}

/* The interfaces of a namespace that was there a moment ago; NULL: of this one. */
static int find_in_one(struct flow_targets *t, const char *netns, const char *pattern)
{
	int r = netns ? find_in(t, netns, pattern, NULL) : find_here(t, NULL, pattern, NULL);

	return is_absence(r) || r == -EINVAL ? 0 : r;
}

static int find_everywhere(struct flow_targets *t, const char *pattern, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	int r = netns_list_all("", &list, err);
	uint64_t own = ns_inode_self();
	char spec[NETNS_NAME_MAX];

	for (size_t i = 0; i < list.len && r == 0; i++) {
		const struct netns *ns = &list.items[i];

		snprintf(spec, sizeof(spec), "pid:%d", ns->pid);
		r = find_in_one(t, ns->inode == own ? NULL : ns->name[0] ? ns->name : spec, pattern);
	}
	if (r < 0)
		return err_set(err, r, "looking through the network namespaces: %s", err_name(r));
	return t->len ? 0 : err_set(err, -ENODEV, "no interface '%s' in any network namespace", pattern);
}

static void add_container_name(struct buf *all, const struct container *c, bool pods)
{
	const char *name = pods ? c->pod : c->name[0] ? c->name : c->id;

	if (*name && (!all->data || !strstr(all->data, name)))
		buf_printf(all, "%s%s", all->len ? ", " : "", name);
}

/* Of containers with a network namespace of their own: others have the host's. */
static int find_of_containers(struct flow_targets *t, const struct containers *containers, const char *which, bool pods,
			      const char *pattern, struct err *err)
{
	_cleanup_(buf_free) struct buf all = {0};
	const struct container *c;
	size_t cursor = 0, before = t->len;
	int r = 0;

	while (containers && r == 0 && (c = containers_next(containers, &cursor))) {
		if (c->gone)
			continue;
		add_container_name(&all, c, pods);
		if (c->netns_inode && (pods ? container_in_pod(c, which) : container_is(c, which)))
			r = find_in_one(t, c->netns_path, pattern);
	}
	if (r < 0)
		return err_set(err, r, "interfaces of %s '%s': %s", pods ? "pod" : "container", which, err_name(r));
	if (t->len == before)
		return err_set(err, -ENODEV, "no %s '%s' with an interface '%s' of its own; there are: %s",
			       pods ? "pod" : "container", which, pattern, all.data ?: "none");
	return 0;
}

static int find_where(struct flow_targets *t, const char *where, const char *pattern,
		      const struct containers *containers, struct err *err)
{
	if (!strcmp(where, "*"))
		return find_everywhere(t, pattern, err);
	if (!strncmp(where, "pod:", 4))
		return find_of_containers(t, containers, where + 4, true, pattern, err);
	if (!strncmp(where, "container:", 10))
		return find_of_containers(t, containers, where + 10, false, pattern, err);
	return is_pattern(where) ? find_in_matching(t, where, pattern, err) : find_in(t, where, pattern, err);
}

static int find_entry(struct flow_targets *t, const char *entry, const struct containers *containers, struct err *err)
{
	const char *slash = strrchr(entry, '/'), *pattern = slash ? slash + 1 : entry;
	_cleanup_free_ char *where = slash ? strndup(entry, (size_t)(slash - entry)) : NULL;

	if (!*pattern || (slash && slash == entry))
		return err_set(err, -EINVAL, "interface '%s': it is written [NETNS/]INTERFACE",
			       entry);
	if (!slash)
		return find_here(t, NULL, pattern, err);
	if (!where)
		return err_set(err, -ENOMEM, "out of memory");
	return find_where(t, where, pattern, containers, err);
}

/* With the error of its own: what is only absent is none of the caller's. */
static int add_entry(struct flow_targets *t, const char *entry, const struct containers *containers, bool may_come,
		     struct err *err)
{
	struct err why = {0};
	int r = find_entry(t, entry, containers, &why);

	if (may_come && is_absence(r)) {
		r = string_list_add(&t->absent, entry);
		return r < 0 ? r : string_list_add(&t->why, why.text);
	}
	return r < 0 ? err_set(err, r, "%s", why.text) : 0;
}

int flow_targets_find(struct flow_targets *ret, const struct string_list *entries, const struct containers *containers,
		      bool may_come, struct err *err)
{
	int r = 0;

	*ret = (struct flow_targets){0};
	if (!entries->len)
		return err_set(err, -ENODATA, "no interfaces given: name them as [NETNS/]INTERFACE, "
			       "for example eth0, upf/n3 or 'veth*'");
	for (size_t i = 0; i < entries->len && r == 0; i++)
		r = add_entry(ret, entries->items[i], containers, may_come, err);
	if (r < 0)
		flow_targets_free(ret);
	return r;
}
