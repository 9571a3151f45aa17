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
#include "plural.h"
#include "rtnl.h"

#define RULES_MAX 524288

DEFINE_CLEANUP(struct rules *, rules, rules_free)

struct scan {
	uint16_t family;
	const struct rules *before;
	struct rules *found;
	size_t failed;
	int why;	/* of the last that failed */
	struct err err; /* its text */
};

/* One namespace while the thread is in it. */
struct visit {
	uint16_t family;
	struct rules_place place;
	struct rules *rules;
};

static void on_link(const struct rtnl_link *link, void *data)
{
	struct rules_place *place = data;
	size_t len = strlen(place->devices);

	if (strcmp(link->kind, "gtp5g"))
		return;
	snprintf(place->devices + len, sizeof(place->devices) - len, "%s%s", len ? "," : "", link->name);
	place->n_devices++;
}

static void on_rule(const struct gtp5g_rule *rule, void *data)
{
	struct visit *v = data;

	if (rules_add(v->rules, v->place.netns, rule) < 0)
		v->place.left_out++;
}

static int read_here(void *data, struct err *err)
{
	struct visit *v = data;
	struct gtp5g_rules_visitor visitor = {.visit = on_rule, .data = v};
	int r;

	v->place.netns = ns_inode_self();
	r = rtnl_link_list(on_link, &v->place, err);
	if (r < 0 || !v->place.n_devices)
		return r;
	r = gtp5g_version(v->family, v->place.version, err);
	for (unsigned kind = 0; r >= 0 && kind < GTP5G_RULE_KINDS; kind++)
		r = gtp5g_rules_dump(v->family, kind, &visitor, err);
	v->place.malformed += visitor.malformed;
	v->place.left_out += visitor.left_out;
	return r;
}

/* r: of reading it. */
static int take(struct scan *s, const struct visit *v, int r)
{
	if (r == -ESRCH)
		return 0; /* it has gone, and its rules with it */
	if (r < 0) {
		s->failed++;
		s->why = r;
		return s->before ? rules_keep(s->found, s->before, v->place.netns) : 0;
	}
	if (!v->place.n_devices)
		return 0;
	r = rules_add_place(v->rules, &v->place);
	return r < 0 ? r : rules_keep(s->found, v->rules, v->place.netns);
}

static int scan_listed(struct scan *s, const struct netns *ns, struct err *err)
{
	_cleanup_(cleanup_rules) struct rules *rules = rules_new(RULES_MAX);
	struct visit v = {.family = s->family, .place = {.netns = ns->inode}, .rules = rules};

	if (!rules)
		return err_set(err, -ENOMEM, "out of memory for rules");
	if (ns->name[0])
		memccpy(v.place.name, ns->name, 0, sizeof(v.place.name) - 1);
	else
		snprintf(v.place.name, sizeof(v.place.name), "pid:%d", ns->pid);
	return take(s, &v, netns_visit("", ns, read_here, &v, &s->err));
}

static int scan_named(struct scan *s, const char *spec, struct err *err)
{
	_cleanup_(cleanup_rules) struct rules *rules = rules_new(RULES_MAX);
	struct visit v = {.family = s->family, .rules = rules};
	int r;

	if (!rules)
		return err_set(err, -ENOMEM, "out of memory for rules");
	snprintf(v.place.name, sizeof(v.place.name), "%s", spec);
	r = netns_visit_at(spec, 0, read_here, &v, &s->err);
	if (r == -ENOENT && !v.place.netns && s->before)
		return 0; /* it has gone, and its rules with it */
	return v.place.netns ? take(s, &v, r) : err_set(err, r, "%s", s->err.text);
}

static int scan_all(struct scan *s, struct err *err)
{
	_cleanup_(netns_list_free) struct netns_list list = {0};
	int r = netns_list_all("", &list, err);

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
		return err_set(err, -EPERM, "the network namespace%s of %zu process%s " NETNS_HIDDEN_ADVICE,
			       plural(hidden), hidden, hidden == 1 ? "" : "es");
	return err_set(err, -EOPNOTSUPP,
		       "%sno gtp5g device in %s; start the UPF, or load gtp5g and try: "
		       "teide lab up --upf gtp5g",
		       s->family ? "" : "gtp5g is not loaded: ", netns ? netns : "any network namespace");
}

static int judge(const struct scan *s, const char *netns, struct err *err)
{
	if (rules_places(s->found) && s->failed && !s->before)
		log_warning("%zu network namespaces could not be read: %s", s->failed, s->err.text);
	if (rules_places(s->found) || s->before)
		return 0;
	if (s->failed)
		return err_set(err, s->why, "%s%s", s->err.text, err_root_hint(s->why));
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
	int r = found ? genl_family("gtp5g", &s.family, err) : err_set(err, -ENOMEM, "out of memory for rules");

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
