/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules_live.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "genl.h"
#include "log.h"
#include "netns.h"
#include "ns.h"
#include "rule_timeline.h"
#include "rules_scan.h"

struct rules_live {
	struct rule_timeline *timeline;
	const char *netns; /* NULL: all */
	uint16_t family;   /* 0: not asked for yet */
	struct netns_list list; /* where a namespace was found last */
};

int rules_live_of(struct rules_live **ret, const char *netns, struct rules *rules, struct err *err)
{
	struct rules_live *l = calloc(1, sizeof(*l));

	if (l)
		l->timeline = rule_timeline_new(rules);
	if (!l || !l->timeline) {
		rules_free(rules);
		free(l);
		return err_set(err, -ENOMEM, "out of memory for rules");
	}
	l->netns = netns;
	*ret = l;
	return 0;
}

int rules_live_new(struct rules_live **ret, const char *netns, struct err *err)
{
	struct rules *none = rules_new(1), *rules;
	int r;

	if (!none)
		return err_set(err, -ENOMEM, "out of memory for rules");
	r = rules_scan(netns, none, &rules, err);
	rules_free(none);
	return r < 0 ? r : rules_live_of(ret, netns, rules, err);
}

void rules_live_free(struct rules_live *l)
{
	if (!l)
		return;
	if (rule_timeline_left_out(l->timeline))
		log_warning("%llu requests to change a rule came faster than they were read",
			    (unsigned long long)rule_timeline_left_out(l->timeline));
	rule_timeline_free(l->timeline);
	netns_list_free(&l->list);
	free(l);
}

const struct rules *rules_live_rules(const struct rules_live *l)
{
	return rule_timeline_rules(l->timeline);
}

bool rules_live_take(struct rules_live *l, const struct event *e)
{
	/* With one namespace named, what goes on in others is nobody's business. */
	if (l->netns && e->netns_inode && !rules_place_of(rules_live_rules(l), e->netns_inode))
		return event_has(e, F_RULE);
	return rule_timeline_take(l->timeline, e);
}

static int list_namespaces(struct rules_live *l, struct err *err)
{
	_cleanup_free_ struct proc *procs = NULL;
	size_t n, left_out;
	int r = proc_list("", &procs, &n, &left_out, err);

	netns_list_free(&l->list);
	l->list = (struct netns_list){0};
	return r < 0 ? r : netns_list("", procs, n, &l->list, err);
}

/* A descriptor for one request, or -errno. */
static int open_namespace(struct rules_live *l, uint64_t inode, struct err *err)
{
	const struct netns *ns = netns_find(&l->list, inode);
	int fd = ns ? netns_open("", ns, err) : -ESRCH, r;

	if (fd >= 0)
		return fd;
	r = list_namespaces(l, err);
	if (r < 0)
		return r;
	ns = netns_find(&l->list, inode);
	return ns ? netns_open("", ns, err) : -ESRCH;
}

static int ask_inside(const struct rules_live *l, int fd, unsigned ifindex, struct gtp5g_rule *rule,
		      struct err *err)
{
	int previous, r = ns_enter(fd, &previous, err);

	if (r < 0)
		return r;
	r = gtp5g_rule_get(l->family, ifindex, rule, err);
	ns_leave(previous);
	return r;
}

static int ask(struct rules_live *l, struct rule_request *request, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r = l->family ? 0 : genl_family("gtp5g", &l->family, err);

	if (r < 0)
		return r;
	if (request->netns == ns_inode_self())
		return gtp5g_rule_get(l->family, request->ifindex, &request->rule, err);
	fd = open_namespace(l, request->netns, err);
	return fd < 0 ? -ESRCH : ask_inside(l, fd, request->ifindex, &request->rule, err);
}

static enum rule_answer answer_of(struct rules_live *l, struct rule_request *request)
{
	struct err err = {0};
	int r;

	if (request->superseded || !request->netns)
		return RULE_UNKNOWN;
	r = ask(l, request, &err);
	if (r >= 0)
		return RULE_FOUND;
	if (r == -ENOENT && l->family)
		return RULE_GONE;
	/* The module may have come anew, with another number. */
	l->family = 0;
	log_debug("rules: %s", err.text);
	return RULE_UNKNOWN;
}

void rules_live_settle(struct rules_live *l, void (*more)(void *data), void *more_data,
		       rules_change_fn visit, void *data)
{
	struct rule_request request;

	while (rule_timeline_next(l->timeline, &request)) {
		enum rule_answer answer = answer_of(l, &request);

		/* Whatever the answer knows of was seen before it was given. */
		if (answer != RULE_UNKNOWN)
			more(more_data);
		rule_timeline_settle(l->timeline, answer, &request.rule, visit, data);
	}
}

int rules_live_rescan(struct rules_live *l, void (*more)(void *data), void *more_data,
		      rules_change_fn visit, void *data, struct err *err)
{
	struct rules *now;
	int r;

	rule_timeline_scan_begins(l->timeline);
	r = rules_scan(l->netns, rules_live_rules(l), &now, err);

	if (r < 0)
		return r;
	more(more_data);
	rules_live_settle(l, more, more_data, visit, data);
	rule_timeline_rescan(l->timeline, now, visit, data);
	return 0;
}
