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
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "netns.h"
#include "ns.h"
#include "rtnl.h"
#include "vec.h"

void flow_targets_free(struct flow_targets *t)
{
	for (size_t i = 0; i < t->len; i++)
		free(t->items[i].netns);
	free(t->items);
	free(t->unread);
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

bool flow_target_is_many(const char *entry)
{
	return is_pattern(entry) || !strncmp(entry, "pod:", 4) || !strncmp(entry, "container:", 10);
}

bool flow_target_same(const struct flow_target *a, const struct flow_target *b)
{
	return a->netns_inode == b->netns_inode && a->netns_cookie == b->netns_cookie && a->ifindex == b->ifindex;
}

struct visit {
	const struct flow_target *target;
	netns_fn fn;
	void *data;
};

/* Another namespace may have the inode by now. */
static int check_cookie(uint64_t expected, const char *netns, struct err *err)
{
	uint64_t cookie;
	int r = ns_cookie_self(&cookie);

	if (r < 0)
		return err_set(err, r, "network namespace '%s': asking for its cookie: %s", netns, err_name(r));
	return cookie == expected ? 0 : err_set(err, -ESRCH, "network namespace '%s' has gone", netns);
}

static int visit_here(void *data, struct err *err)
{
	struct visit *v = data;
	int r = check_cookie(v->target->netns_cookie, v->target->netns_text, err);

	if (r < 0)
		return r;
	return v->fn(v->data, err);
}

int flow_target_visit(const struct flow_target *t, netns_fn fn, void *data, struct err *err)
{
	struct visit v = {.target = t, .fn = fn, .data = data};

	if (!t->netns)
		return fn(data, err);
	return netns_visit_at(t->netns, t->netns_inode, visit_here, &v, err);
}

static bool known(const struct flow_targets *t, const struct flow_target *f)
{
	for (size_t i = 0; i < t->len; i++)
		if (flow_target_same(&t->items[i], f))
			return true;
	return false;
}

static bool is_process(const char *netns)
{
	return !strncmp(netns, "pid:", 4);
}

/* The name, unless the namespace was found by a process. */
static void set_netns_text(struct flow_target *f)
{
	const char *base = f->netns ? strrchr(f->netns, '/') : NULL;

	base = base ? base + 1 : f->netns;
	if (!base || !*base || is_process(f->netns) || !strcmp(base, "net"))
		snprintf(f->netns_text, sizeof(f->netns_text), "%llu", (unsigned long long)f->netns_inode);
	else
		snprintf(f->netns_text, sizeof(f->netns_text), "%s", base);
}

static int add_target(struct flow_targets *t, const char *netns, const struct if_nameindex *link, bool l3)
{
	struct flow_target f = {.ifindex = link->if_index, .l3 = l3, .netns_inode = ns_inode_self()};
	int r = ns_cookie_self(&f.netns_cookie);

	if (r < 0 || known(t, &f))
		return r;
	if (!VEC_ROOM(t->items, t->len))
		return -ENOMEM;
	if (netns && !(f.netns = strdup(netns)))
		return -ENOMEM;
	snprintf(f.interface, sizeof(f.interface), "%s", link->if_name);
	set_netns_text(&f);
	t->items[t->len++] = f;
	return 0;
}

/* A search for one entry of the option. */
struct finding {
	struct flow_targets *t;
	const char *pattern; /* of interfaces */
	const struct containers *containers;
	struct flow_process_netns *process;
	const char *netns;	  /* where the thread is, as for ns_open(); NULL: the process's own */
	uint64_t expected_cookie; /* of it; 0: any */
	size_t unread;		  /* namespaces that could not be looked at */
	int why;		  /* of the last of them */
	struct err why_text;
};

static void note_xdp(const struct rtnl_link *link, void *data)
{
	struct flow_targets *t = data;

	for (size_t i = 0; link->xdp_program && i < t->len; i++)
		if (t->items[i].ifindex == link->ifindex && t->items[i].netns_inode == ns_inode_self())
			t->items[i].xdp_program = link->xdp_program;
}

/* In the namespace. Number of interfaces that match; texts of all of them in *all. */
static int add_matching(struct finding *f, struct buf *all)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct if_nameindex *links = if_nameindex();
	int n = 0, type, r = 0;

	if (!links || fd < 0)
		r = -errno;
	for (struct if_nameindex *l = links; r == 0 && l && l->if_index; l++) {
		buf_printf(all, "%s%s", all->len ? ", " : "", l->if_name);
		if (fnmatch(f->pattern, l->if_name, 0) != 0)
			continue;
		type = link_type(fd, l->if_name);
		if (type < 0 || (type == ARPHRD_LOOPBACK && is_pattern(f->pattern)))
			continue;
		/* loopback has Ethernet headers too, all zero */
		r = add_target(f->t, f->netns, l, type != ARPHRD_ETHER && type != ARPHRD_LOOPBACK);
		n++;
	}
	if (links)
		if_freenameindex(links);
	if (n && r >= 0)
		(void)rtnl_link_list(note_xdp, f->t, NULL); /* without it there is no warning, nothing else */
	return r < 0 ? r : n;
}

static int find_here(void *data, struct err *err)
{
	_cleanup_(buf_free) struct buf all = {0};
	struct finding *f = data;
	int n = f->expected_cookie ? check_cookie(f->expected_cookie, f->netns, err) : 0;

	if (n < 0)
		return n;
	n = add_matching(f, &all);
	if (n < 0)
		return err_set(err, n, "listing interfaces: %s", err_name(n));
	if (n == 0)
		return err_set(err, -ENODEV, "no interface '%s' in %s%s; there are: %s", f->pattern,
			       f->netns ? "network namespace " : "this network namespace", f->netns ?: "",
			       all.data ?: "none");
	return 0;
}

static int find_in_own(struct finding *f, struct err *err)
{
	f->netns = NULL;
	return find_here(f, err);
}

static int find_in(struct finding *f, const char *netns, uint64_t inode, struct err *err)
{
	f->netns = netns;
	return netns_visit_at(netns, inode, find_here, f, err);
}

static int remember_process(struct finding *f, const char *netns, struct err *err)
{
	_cleanup_close_ int fd = ns_open(netns, err);

	if (fd < 0)
		return fd;
	f->process->inode = ns_inode(fd);
	f->process->cookie = 0;
	return 0;
}

static int find_and_remember(void *data, struct err *err)
{
	struct finding *f = data;
	int r = ns_cookie_self(&f->process->cookie);

	return r < 0 ? err_set(err, r, "network namespace '%s': asking for its cookie: %s", f->netns, err_name(r))
		     : find_here(f, err);
}

/* A process may end, and its id may become another's, while its namespace lives on. */
static int find_in_process(struct finding *f, const char *netns, struct err *err)
{
	int r = f->process->inode ? 0 : remember_process(f, netns, err);

	if (r < 0)
		return r;
	f->expected_cookie = f->process->cookie;
	f->netns = netns;
	r = netns_visit_at(netns, f->process->inode, find_and_remember, f, err);
	f->expected_cookie = 0;
	if (r == -ESRCH)
		*f->process = (struct flow_process_netns){0};
	return r;
}

static bool is_absence(int r)
{
	return r == -ENODEV || r == -ENOENT || r == -ESRCH;
}

static int note_unread(struct flow_targets *t, uint64_t inode)
{
	if (!VEC_ROOM(t->unread, t->n_unread))
		return -ENOMEM;
	t->unread[t->n_unread++] = inode;
	return 0;
}

bool flow_target_unread(const struct flow_targets *t, uint64_t netns_inode)
{
	for (size_t i = 0; i < t->n_unread; i++)
		if (t->unread[i] == netns_inode)
			return true;
	return false;
}

/* Of one of several namespaces: not all need to have such an interface, and one that cannot be looked at
 * does not keep the others from being looked at. 0 or -ENOMEM. */
static int take_result(struct finding *f, int r, uint64_t inode, const struct err *err)
{
	if (r >= 0 || is_absence(r) || netns_is_gone(r))
		return 0;
	f->unread++;
	f->why = r;
	f->why_text = *err;
	return note_unread(f->t, inode);
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static int find_in_mount(struct finding *f, const char *name)
{
	char path[sizeof(NS_RUN_DIR) + NETNS_NAME_MAX];
	struct err err = {0};

	/* as a path: a name may look like "pid:1" */
	snprintf(path, sizeof(path), NS_RUN_DIR "/%s", name);
	return take_result(f, find_in(f, path, 0, &err), inode_of(path), &err);
}

static int say_unread(const struct finding *f, struct err *err)
{
	return err_set(err, f->why, "%zu network namespaces could not be looked at: %.400s%s", f->unread,
		       f->why_text.text, err_root_hint(f->why));
}

/* 0 when something was found, 1 when the namespaces have no such interface, -errno when some of them could
 * not be looked at. */
static int judge_several(const struct finding *f, size_t before, struct err *err)
{
	if (f->t->len > before)
		return 0;
	return f->unread ? say_unread(f, err) : 1;
}

static int find_in_matching(struct finding *f, const char *netns_pattern, struct err *err)
{
	_cleanup_(buf_free) struct buf all = {0};
	DIR *names = opendir(NS_RUN_DIR);
	struct dirent *name;
	size_t before = f->t->len;
	int r = names || errno == ENOENT ? 0 : -errno;

	while (names && r == 0 && (name = readdir(names))) {
		if (name->d_name[0] == '.')
			continue;
		buf_printf(&all, "%s%s", all.len ? ", " : "", name->d_name);
		if (fnmatch(netns_pattern, name->d_name, 0) == 0)
			r = find_in_mount(f, name->d_name);
	}
	if (names)
		closedir(names);
	if (r < 0)
		return err_set(err, r, NS_RUN_DIR ": %s", err_name(r));
	r = judge_several(f, before, err);
	if (r <= 0)
		return r;
	return err_set(err, -ENODEV, "no interface '%s' in a network namespace '%s'; those with a name are: %s",
		       f->pattern, netns_pattern, all.data ?: "none");
}

static int find_in_listed(struct finding *f, const struct netns *ns)
{
	char spec[sizeof(NS_RUN_DIR) + NETNS_NAME_MAX];
	struct err err = {0};

	if (ns->name[0])
		snprintf(spec, sizeof(spec), NS_RUN_DIR "/%s", ns->name);
	else
		snprintf(spec, sizeof(spec), "pid:%d", ns->pid);
	f->netns = ns->inode == ns_inode_self() ? NULL : spec;
	return take_result(f, netns_visit("", ns, find_here, f, &err), ns->inode, &err);
}

static int find_everywhere(struct finding *f, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	int r = netns_list_all("", &list, err);
	size_t before = f->t->len;

	if (r < 0)
		return r;
	for (size_t i = 0; i < list.len && r == 0; i++)
		r = find_in_listed(f, &list.items[i]);
	if (r < 0)
		return err_set(err, r, "looking through the network namespaces: %s", err_name(r));
	r = judge_several(f, before, err);
	return r <= 0 ? r : err_set(err, -ENODEV, "no interface '%s' in any network namespace", f->pattern);
}

static void add_container_name(struct buf *all, const struct container *c, bool pods)
{
	const char *name = pods ? c->pod : c->name[0] ? c->name : c->id;

	if (*name && (!all->data || !strstr(all->data, name)))
		buf_printf(all, "%s%s", all->len ? ", " : "", name);
}

/* Of containers with a network namespace of their own: others have the host's. */
static int find_of_containers(struct finding *f, const char *which, bool pods, struct err *err)
{
	_cleanup_(buf_free) struct buf all = {0};
	const struct container *c;
	size_t cursor = 0, before = f->t->len;
	struct err why = {0};
	int r = 0;

	while (f->containers && r == 0 && (c = containers_next(f->containers, &cursor))) {
		if (c->gone)
			continue;
		add_container_name(&all, c, pods);
		if (c->netns_inode && (pods ? container_in_pod(c, which) : container_is(c, which)))
			r = take_result(f, find_in(f, c->netns_path, c->netns_inode, &why), c->netns_inode, &why);
	}
	if (r < 0)
		return err_set(err, r, "interfaces of %s '%s': %s", pods ? "pod" : "container", which, err_name(r));
	r = judge_several(f, before, err);
	if (r <= 0)
		return r;
	return err_set(err, -ENODEV, "no %s '%s' with an interface '%s' of its own; there are: %s",
		       pods ? "pod" : "container", which, f->pattern, all.data ?: "none");
}

static int find_where(struct finding *f, const char *where, struct err *err)
{
	if (!strcmp(where, "*"))
		return find_everywhere(f, err);
	if (!strncmp(where, "pod:", 4))
		return find_of_containers(f, where + 4, true, err);
	if (!strncmp(where, "container:", 10))
		return find_of_containers(f, where + 10, false, err);
	if (is_process(where))
		return find_in_process(f, where, err);
	return is_pattern(where) ? find_in_matching(f, where, err) : find_in(f, where, 0, err);
}

static int find_entry(struct finding *f, const char *entry, struct err *err)
{
	const char *slash = strrchr(entry, '/');
	_cleanup_free_ char *where = slash ? strndup(entry, (size_t)(slash - entry)) : NULL;

	f->pattern = slash ? slash + 1 : entry;
	if (!*f->pattern || (slash && slash == entry))
		return err_set(err, -EINVAL, "interface '%s': it is written [NETNS/]INTERFACE", entry);
	if (!slash)
		return find_in_own(f, err);
	if (!where)
		return err_oom(err);
	return find_where(f, where, err);
}

static int add_absent(struct flow_targets *t, const char *entry, const char *why)
{
	int r = string_list_add(&t->absent, entry);

	return r < 0 ? r : string_list_add(&t->why, why);
}

/* An entry that is only absent, or cannot be looked at, is no error of the caller: its text goes into the list. */
static int add_entry(struct flow_targets *t, const struct flow_wanted *w, size_t i, bool may_come, struct err *err)
{
	struct finding f = {.t = t, .containers = w->containers, .process = &w->processes[i]};
	const char *entry = w->entries->items[i];
	struct err why = {0};
	int r = find_entry(&f, entry, &why);

	if (f.unread)
		say_unread(&f, &why);
	if (r < 0 && (!may_come || (!is_absence(r) && !(f.unread && r == f.why))))
		return err_set(err, r, "%s", why.text);
	return r < 0 || f.unread ? add_absent(t, entry, why.text) : 0;
}

int flow_targets_find(struct flow_targets *ret, struct flow_wanted *wanted, bool may_come, struct err *err)
{
	int r = 0;

	*ret = (struct flow_targets){0};
	if (!wanted->entries->len)
		return err_set(err, -ENODATA,
			       "no interfaces given: name them as [NETNS/]INTERFACE, "
			       "for example eth0, upf/n3 or 'veth*'");
	for (size_t i = 0; i < wanted->entries->len && r == 0; i++)
		r = add_entry(ret, wanted, i, may_come, err);
	if (r < 0)
		flow_targets_free(ret);
	return r;
}
