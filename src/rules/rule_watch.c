/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rule_watch.h"

#include <errno.h>
#include <string.h>

#include "log.h"

static const char *probe_of_rules(const struct string_list *names)
{
	for (size_t i = 0; i < names->len; i++)
		for (size_t k = 0; probes[k]; k++)
			if (probes[k]->sees_rules && !strcmp(probes[k]->name, names->items[i]))
				return probes[k]->name;
	return NULL;
}

void rule_watch_begin(struct rule_watch *r, const struct string_list *names, event_fn emit, void *data)
{
	struct err err = {0};

	*r = (struct rule_watch){.probe = probe_of_rules(names), .emit = emit, .data = data, .rescan = true};
	if (r->probe && rules_live_new(&r->live, NULL, &err) < 0)
		log_debug("rules: %s", err.text);
}

void rule_watch_free(struct rule_watch *r)
{
	rules_live_free(r->live);
}

bool rule_watch_take(struct rule_watch *r, const struct event *e)
{
	if (!r->live || !rules_live_take(r->live, e))
		return false;
	r->rescan |= e->netns_inode && !rules_place_of(rules_live_rules(r->live), e->netns_inode);
	return true;
}

static void emit_change(const struct rules_change *change, void *data)
{
	struct rule_watch *r = data;

	rules_change_event(rules_live_rules(r->live), change, r->probe, r->emit, r->data);
}

bool rule_watch_settle(struct rule_watch *r, uint64_t complete_ns)
{
	return !r->live || rules_live_settle(r->live, complete_ns, emit_change, r);
}

void rule_watch_finish(struct rule_watch *r)
{
	while (!rule_watch_settle(r, UINT64_MAX))
		;
}

void rule_watch_collected(struct rule_watch *r)
{
	struct err err = {0};

	if (!r->live || !r->rescan)
		return;
	r->rescan = false;
	if (rules_live_scan(r->live, &err) < 0)
		log_debug("%s", err.text);
}
