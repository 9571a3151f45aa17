/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "rule.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "parse.h"
#include "strategy.h"
#include "suggest.h"

#define EXECUTION_TIME_MIN_NS 1000

enum word_kind { WORD_PATTERN, WORD_BOOL, WORD_DURATION };

#define PLACE(name) offsetof(struct sched_rule, name)

static const struct word {
	const char *key;
	enum word_kind kind;
	size_t offset;
} words[] = {
	{"comm", WORD_PATTERN, PLACE(comm)},	  {"netns", WORD_PATTERN, PLACE(netns)},
	{"pod", WORD_PATTERN, PLACE(pod)},	  {"upf", WORD_PATTERN, PLACE(upf)},
	{"user", WORD_PATTERN, PLACE(user)},	  {"exe", WORD_PATTERN, PLACE(exe)},
	{"cgroup", WORD_PATTERN, PLACE(cgroup)},  {"boost", WORD_BOOL, PLACE(boost)},
	{"priority", WORD_BOOL, PLACE(priority)}, {"execution_time", WORD_DURATION, PLACE(execution_time)},
};

static int find_word(const char *key, struct err *err)
{
	const char *keys[ARRAY_SIZE(words)];
	char hint[SUGGEST_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(words[i].key, key))
			return (int)i;
		keys[i] = words[i].key;
	}
	return err_set(err, -EINVAL,
		       "unknown key '%s';%s there are comm, netns, pod, upf, user, exe, cgroup to match, and "
		       "boost, priority, execution_time to set",
		       key, suggest_hint(key, keys, ARRAY_SIZE(keys), hint));
}

static int set_pattern(char *pattern, const char *value, struct err *err)
{
	size_t len = strlen(value);

	if (!len || len >= RULE_PATTERN_MAX)
		return err_set(err, -EINVAL, "a pattern has 1 to %d bytes", RULE_PATTERN_MAX - 1);
	memcpy(pattern, value, len + 1);
	return 0;
}

static int set_word(struct sched_rule *rule, const struct word *word, const char *value, struct err *err)
{
	void *place = (char *)rule + word->offset;

	if (word->kind == WORD_PATTERN)
		return set_pattern(place, value, err);
	if (word->kind == WORD_BOOL)
		return parse_bool(value, place, err);
	return parse_duration(value, EXECUTION_TIME_MIN_NS, STRATEGY_TIME_MAX_NS, place, err);
}

/* Of KEY=VALUE. seen: a bit for each key that stood before. */
static int take_word(struct sched_rule *rule, char *text, unsigned *seen, struct err *err)
{
	char *value = strchr(text, '=');
	int word, r;

	if (!value)
		return err_set(err, -EINVAL, "it is written KEY=VALUE, such as comm=nr-ue");
	*value = '\0';
	word = find_word(text, err);
	if (word < 0)
		return word;
	if (*seen & 1U << word)
		return err_set(err, -EINVAL, "'%s' stands here a second time", text);
	*seen |= 1U << word;
	r = set_word(rule, &words[word], value + 1, err);
	return r < 0 ? err_prefix(err, r, "%s", text) : 0;
}

int sched_rule_parse(const char *text, struct sched_rule *ret, struct err *err)
{
	_cleanup_free_ char *copy = strdup(text);
	struct sched_rule rule = *ret;
	char *rest = copy, *word;
	unsigned seen = 0;
	int n = 0, r = 0;

	if (!copy)
		return err_oom(err);
	while ((word = strsep(&rest, " \t\r\n"))) {
		if (!*word)
			continue;
		n++;
		r = take_word(&rule, word, &seen, err);
		if (r < 0)
			return err_prefix(err, r, "word %d", n);
	}
	if (rule.user[0])
		r = sched_user_parse(rule.user, &rule.uid, err);
	if (r == 0)
		*ret = rule;
	return r;
}

int sched_user_parse(const char *text, uint32_t *ret, struct err *err)
{
	const struct passwd *user;
	uint64_t uid = SCHED_ANY_USER;

	if (strcmp(text, "*") == 0 || (text[0] >= '0' && text[0] <= '9')) {
		int r = text[0] == '*' ? 0 : parse_u64(text, 0, SCHED_ANY_USER - 1, &uid, err);

		if (r == 0)
			*ret = (uint32_t)uid;
		return r;
	}
	/* Also where there is no list of users, as in a container that was made from nothing. */
	if (strcmp(text, "root") == 0) {
		*ret = 0;
		return 0;
	}
	user = getpwnam(text);
	if (!user)
		return err_set(err, -EINVAL,
			       "there is no user '%s' here: write the number, which holds in every container", text);
	*ret = user->pw_uid;
	return 0;
}

bool sched_user_is(uint32_t uid, const struct process *p)
{
	const uint32_t *ids = p->owner ? p->owner->uid : NULL;

	return uid == SCHED_ANY_USER || (ids && ids[0] == uid && ids[1] == uid && ids[2] == uid);
}

bool sched_rule_names_owner(const struct sched_rule *rule)
{
	return rule->user[0] || rule->exe[0] || rule->cgroup[0];
}

static bool matches_owner(const struct sched_rule *rule, const struct process *p)
{
	if (rule->user[0] && !sched_user_is(rule->uid, p))
		return false;
	if (rule->exe[0] && (!p->owner || fnmatch(rule->exe, p->owner->exe, 0)))
		return false;
	return !rule->cgroup[0] || (p->cgroup && !fnmatch(rule->cgroup, p->cgroup, 0));
}

static bool in_netns(const struct sched_rule *rule, uint64_t inode, const struct sched_places *places)
{
	char text[256];

	snprintf(text, sizeof(text), "%" PRIu64, inode);
	if (!fnmatch(rule->netns, text, 0))
		return true;
	return places->netns_name && !fnmatch(rule->netns, places->netns_name(inode, text, sizeof(text)), 0);
}

static bool in_pod(const struct sched_rule *rule, const struct process *p)
{
	const char *name = p->pod_name ? strrchr(p->pod_name, '/') : NULL;

	if (!fnmatch(rule->pod, p->ids.pod, 0))
		return true;
	if (!p->pod_name)
		return false;
	return !fnmatch(rule->pod, strchr(rule->pod, '/') || !name ? p->pod_name : name + 1, 0);
}

bool sched_rule_matches(const struct sched_rule *rule, const struct process *p, const struct sched_places *places)
{
	if (rule->comm[0] && fnmatch(rule->comm, p->comm, 0))
		return false;
	if (rule->pod[0] && !in_pod(rule, p))
		return false;
	if (rule->netns[0] && !in_netns(rule, p->netns, places))
		return false;
	if (!matches_owner(rule, p))
		return false;
	return !rule->upf[0] || (places->loads && loads_n3_seen(places->loads, p->netns, rule->upf));
}
