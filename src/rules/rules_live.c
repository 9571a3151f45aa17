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

struct rules_live {
	struct rule_timeline *timeline;
	const char *netns; /* NULL: all */
	uint16_t family;   /* 0: not asked for yet */
	struct rules_netns namespaces;
	uint64_t seen_ns; /* when the last event was made that was taken */
	/* The answer to the oldest request, while not every request that it may know of is taken. */
	bool answered;
	enum rule_answer answer;
	uint64_t answered_ns;
	struct rule_request request;
	/* All rules as read again, while not every request that the reading may know of is settled; or NULL. */
	struct rules *scan;
	uint64_t scanned_ns;
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
	rules_free(l->scan);
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
	/* With one namespace named, what happens in others is left out. */
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

static void get_answer(struct rules_live *l)
{
	l->answer = answer_of(l, &l->request);
	l->answered_ns = clock_boot_ns();
	l->answered = true;
}

/* Before the answer is used, every request that it may know of must have been taken: all events up to the answer
 * have been, or a later event has come out of the ring. */
static bool is_answer_ripe(const struct rules_live *l, uint64_t complete_ns)
{
	return l->answer == RULE_UNKNOWN || complete_ns >= l->answered_ns || l->seen_ns > l->answered_ns;
}

static void compare_scan(struct rules_live *l, rules_change_fn visit, void *data)
{
	struct rules *now = l->scan;

	l->scan = NULL;
	rule_timeline_rescan(l->timeline, now, visit, data);
}

bool rules_live_settle(struct rules_live *l, uint64_t complete_ns, rules_change_fn visit, void *data)
{
	if (l->answered && !is_answer_ripe(l, complete_ns))
		return false;
	if (l->answered)
		rule_timeline_settle(l->timeline, l->answer, &l->request.rule, visit, data);
	l->answered = false;
	if (rule_timeline_next(l->timeline, &l->request)) {
		get_answer(l);
		return false;
	}
	if (l->scan && complete_ns < l->scanned_ns)
		return false;
	if (l->scan)
		compare_scan(l, visit, data);
	return true;
}

int rules_live_scan(struct rules_live *l, struct err *err)
{
	struct rules *now;
	int r;

	rule_timeline_scan_begins(l->timeline);
	r = rules_scan(l->netns, rules_live_rules(l), &now, err);
	if (r < 0)
		return r;
	rules_free(l->scan);
	l->scan = now;
	l->scanned_ns = clock_boot_ns();
	return 0;
}
