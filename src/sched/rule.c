/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rule.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "option.h"
#include "strategy.h"
#include "value.h"

static const struct config_option settings[] = {
	{.key = "boost", .type = OPTION_BOOL, .offset = offsetof(struct sched_rule, boost)},
	{.key = "priority", .type = OPTION_BOOL, .offset = offsetof(struct sched_rule, priority)},
	{.key = "execution_time", .type = OPTION_DURATION,
	 .offset = offsetof(struct sched_rule, execution_time), .min = 1000,
	 .max = STRATEGY_TIME_MAX_NS},
};

static const struct {
	const char *key;
	size_t offset;
} patterns[] = {
	{"comm", offsetof(struct sched_rule, comm)},
	{"netns", offsetof(struct sched_rule, netns)},
	{"pod", offsetof(struct sched_rule, pod)},
	{"upf", offsetof(struct sched_rule, upf)},
};

static int set_pattern(char *pattern, const char *key, const char *value, struct err *err)
{
	size_t len = strlen(value);

	if (!len || len >= RULE_PATTERN_MAX)
		return err_set(err, -EINVAL, "%s=%s: a pattern has 1 to %d bytes", key, value,
			       RULE_PATTERN_MAX - 1);
	memcpy(pattern, value, len + 1);
	return 0;
}

static int set(struct sched_rule *rule, const char *key, const char *value, struct err *err)
{
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (!strcmp(patterns[i].key, key))
			return set_pattern((char *)rule + patterns[i].offset, key, value, err);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(settings[i].key, key))
			continue;
		r = value_set(&settings[i], rule, value, err);
		return r < 0 ? err_prefix(err, r, "%s", key) : 0;
	}
	return err_set(err, -EINVAL,
		       "no '%s' in a rule; there are comm, netns, pod, upf to match, and boost, "
		       "priority, execution_time to set",
		       key);
}

int sched_rule_parse(const char *text, struct sched_rule *ret, struct err *err)
{
	_cleanup_free_ char *copy = strdup(text);
	struct sched_rule rule = *ret;
	char *rest = copy, *word;
	int r = 0;

	if (!copy)
		return err_set(err, -ENOMEM, "out of memory");
	while (r == 0 && (word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');

		if (!word[0])
			continue;
		if (!value)
			return err_set(err, -EINVAL, "'%s' is no word KEY=VALUE", word);
		*value = '\0';
		r = set(&rule, word, value + 1, err);
	}
	if (r == 0)
		*ret = rule;
	return r;
}

static bool in_netns(const struct sched_rule *rule, uint64_t inode, const struct sched_places *places)
{
	char text[256];

	snprintf(text, sizeof(text), "%" PRIu64, inode);
	if (!fnmatch(rule->netns, text, 0))
		return true;
	return places->netns_name &&
	       !fnmatch(rule->netns, places->netns_name(inode, text, sizeof(text)), 0);
}

bool sched_rule_matches(const struct sched_rule *rule, const struct process *p,
			const struct sched_places *places)
{
	if (rule->comm[0] && fnmatch(rule->comm, p->comm, 0))
		return false;
	if (rule->pod[0] && fnmatch(rule->pod, p->ids.pod, 0))
		return false;
	if (rule->netns[0] && !in_netns(rule, p->netns, places))
		return false;
	return !rule->upf[0] || (places->loads && loads_n3_seen(places->loads, p->netns, rule->upf));
}
