/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules_live.h"

#include <errno.h>
#include <stdlib.h>

#include "genl.h"
#include "log.h"
#include "rule_timeline.h"
#include "rules_netns.h"
#include "rules_scan.h"

struct rules_live {
	struct rule_timeline *timeline;
	const char *netns; /* NULL: all */
	uint16_t family;   /* 0: not asked for yet */
	struct rules_netns namespaces;
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
	rules_netns_free(&l->namespaces);
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

struct question {
	uint16_t family;
	struct rule_request *request;
};

static int get_rule(void *data, struct err *err)
{
	const struct question *q = data;

	return gtp5g_rule_get(q->family, q->request->ifindex, &q->request->rule, err);
}

static int ask(struct rules_live *l, struct rule_request *request, struct err *err)
{
	int r = l->family ? 0 : genl_family("gtp5g", &l->family, err);
	struct question q = {l->family, request};

	return r < 0 ? r : rules_netns_run(&l->namespaces, request->netns, get_rule, &q, err);
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
