/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules_scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "genl.h"
#include "log.h"
#include "netns.h"
#include "netns_hidden.h"
#include "ns.h"
#include "rtnl.h"

#define RULES_MAX 524288

DEFINE_CLEANUP(struct rules *, rules, rules_free)

struct scan {
	uint16_t family;
	const struct rules *before;
	struct rules *found;
	size_t failed;
	struct err err; /* of the last that failed */
};

/* One namespace while the thread is in it. */
struct visit {
	struct rules_place place;
	struct rules *rules;
};

static void on_link(const struct rtnl_link *link, void *data)
{
	struct rules_place *place = data;
	size_t len = strlen(place->devices);

	if (strcmp(link->kind, "gtp5g"))
		return;
	snprintf(place->devices + len, sizeof(place->devices) - len, "%s%s", len ? "," : "",
		 link->name);
	place->n_devices++;
}

static void on_rule(const struct gtp5g_rule *rule, void *data)
{
	struct visit *v = data;

	if (rules_add(v->rules, v->place.netns, rule) < 0)
		v->place.left_out++;
}

static int read_here(uint16_t family, struct visit *v, struct err *err)
{
	int r = rtnl_link_list(on_link, &v->place, err);

	if (r < 0 || !v->place.n_devices)
		return r;
	r = gtp5g_version(family, v->place.version, err);
	for (unsigned kind = 0; r >= 0 && kind < GTP5G_RULE_KINDS; kind++)
		r = gtp5g_rules_dump(family, kind, on_rule, v, &v->place.malformed,
				     &v->place.left_out, err);
	return r;
}

static int read_inside(uint16_t family, int fd, struct visit *v, struct err *err)
{
	int previous, r = ns_enter(fd, &previous, err);

	if (r < 0)
		return r;
	r = read_here(family, v, err);
	ns_leave(previous);
	return r;
}

/* fd: the namespace's, or -errno. */
static int scan_one(struct scan *s, int fd, uint64_t inode, const char *name, struct err *err)
{
	_cleanup_(cleanup_rules) struct rules *rules = rules_new(RULES_MAX);
	struct visit v = {.place = {.netns = inode}, .rules = rules};
	int r = fd;

	if (!rules)
		return err_set(err, -ENOMEM, "out of memory for rules");
	snprintf(v.place.name, sizeof(v.place.name), "%s", name);
	if (fd >= 0)
		r = read_inside(s->family, fd, &v, &s->err);
	s->failed += r < 0;
	if (r < 0)
		return s->before ? rules_keep(s->found, s->before, inode) : 0;
	if (!v.place.n_devices)
		return 0;
	r = rules_add_place(rules, &v.place);
	return r < 0 ? r : rules_keep(s->found, rules, inode);
}

static int scan_named(struct scan *s, const char *spec, struct err *err)
{
	_cleanup_close_ int fd = ns_open(spec, err);

	if (fd == -ENOENT && s->before)
		return 0; /* it has gone, and its rules with it */
	return fd < 0 ? fd : scan_one(s, fd, ns_inode(fd), spec, err);
}

static int scan_listed(struct scan *s, const struct netns *ns, struct err *err)
{
	_cleanup_close_ int fd = netns_open("", ns, &s->err);
	char name[NETNS_NAME_MAX];

	if (fd == -ESRCH)
		return 0;
	snprintf(name, sizeof(name), "pid:%d", ns->pid);
	if (ns->name[0])
		snprintf(name, sizeof(name), "%s", ns->name);
	return scan_one(s, fd, ns->inode, name, err);
}

static int scan_all(struct scan *s, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	_cleanup_free_ struct proc *procs = NULL;
	size_t n, left_out;
	int r = proc_list("", &procs, &n, &left_out, err);

	if (r >= 0)
		r = netns_list("", procs, n, &list, err);
	for (size_t i = 0; r >= 0 && i < list.len; i++)
		r = scan_listed(s, &list.items[i], err);
	return r == -ENOSPC ? 0 : r; /* full: counted */
}

/* Nothing was found. Whether that means that there is nothing. */
static int judge_nothing(const struct scan *s, const char *netns, struct err *err)
{
	size_t hidden = 0;
	int r = netns || !s->family ? 0 : netns_hidden("", &hidden, err);

	if (r < 0)
		return r;
	if (hidden)
		return err_set(err, -EPERM, "the network namespaces of %zu processes " NETNS_HIDDEN_ADVICE, hidden);
	return err_set(err, -EOPNOTSUPP, "%sno gtp5g device in %s; start the UPF, or load gtp5g and try: "
		       "teide lab up --upf gtp5g", s->family ? "" : "gtp5g is not loaded: ",
		       netns ? netns : "any network namespace");
}

static int judge(const struct scan *s, const char *netns, struct err *err)
{
	if (rules_places(s->found) && s->failed && !s->before)
		log_warning("%zu network namespaces could not be read: %s", s->failed, s->err.text);
	if (rules_places(s->found) || s->before)
		return 0;
	if (s->failed)
		return err_set(err, -EPERM, "%s; run as root", s->err.text);
	return judge_nothing(s, netns, err);
}

/* Without the module there is no device in it, if it is there. */
static int check_named(const char *spec, struct err *err)
{
	_cleanup_close_ int fd = ns_open(spec, err);

	return fd < 0 ? fd : 0;
}

int rules_scan(const char *netns, const struct rules *before, struct rules **ret, struct err *err)
{
	_cleanup_(cleanup_rules) struct rules *found = rules_new(RULES_MAX);
	struct scan s = {.before = before, .found = found};
	int r = found ? genl_family("gtp5g", &s.family, err)
		      : err_set(err, -ENOMEM, "out of memory for rules");

	if (r >= 0)
		r = netns ? scan_named(&s, netns, err) : scan_all(&s, err);
	else if (r == -ENOENT) /* not loaded: no device */
		r = netns && !before ? check_named(netns, err) : 0;
	if (r >= 0)
		r = judge(&s, netns, err);
	if (r < 0)
		return r;
	rules_sort(found);
	*ret = TAKE_PTR(found);
	return 0;
}
