/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rules_live.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "genl.h"
#include "log.h"
#include "rule_timeline.h"
#include "rules_netns.h"
#include "rules_scan.h"

/* A turn of the loop settles requests for so long. */
#define SETTLE_NS (20 * NSEC_PER_MSEC)

struct rules_live {
	struct rule_timeline *timeline;
	const char *netns; /* NULL: all */
	uint16_t family;   /* 0: not asked for yet */
	struct rules_netns namespaces;
	uint64_t seen_ns; /* when the last event was made that was taken */
	/* The answer to the oldest request, while what it may know of is not all taken. */
	bool answered;
	enum rule_answer answer;
	uint64_t answered_ns;
	struct rule_request request;
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
	l->seen_ns = e->ts_ns;
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

/* Before the answer is used, every request that it may know of must have been taken: the ring was empty
 * after it was given, or a later event has come out of the ring. */
static bool is_answer_ripe(struct rules_live *l, rules_more_fn more, void *more_data)
{
	if (!l->answered) {
		l->answer = answer_of(l, &l->request);
		l->answered_ns = clock_boot_ns();
		l->answered = true;
	}
	return l->answer == RULE_UNKNOWN || more(more_data) || l->seen_ns > l->answered_ns;
}

bool rules_live_settle(struct rules_live *l, rules_more_fn more, void *more_data,
		       rules_change_fn visit, void *data)
{
	uint64_t end_ns = clock_boot_ns() + SETTLE_NS;

	while (l->answered || rule_timeline_next(l->timeline, &l->request)) {
		if (!is_answer_ripe(l, more, more_data))
			return false;
		l->answered = false;
		rule_timeline_settle(l->timeline, l->answer, &l->request.rule, visit, data);
		if (clock_boot_ns() >= end_ns)
			return !rule_timeline_next(l->timeline, &l->request);
	}
	return true;
}

int rules_live_rescan(struct rules_live *l, rules_more_fn more, void *more_data,
		      rules_change_fn visit, void *data, struct err *err)
{
	struct rules *now;
	int r;

	rule_timeline_scan_begins(l->timeline);
	r = rules_scan(l->netns, rules_live_rules(l), &now, err);

	if (r < 0)
		return r;
	if (!more(more_data) || !rules_live_settle(l, more, more_data, visit, data)) {
		rules_free(now);
		return err_set(err, -EAGAIN, "requests to change rules come faster than they are settled");
	}
	rule_timeline_rescan(l->timeline, now, visit, data);
	return 0;
}
