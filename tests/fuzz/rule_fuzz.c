/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any text as a rule of sched.rules: it is taken within bounds, or refused with a message and nothing changed. */
#include <stdlib.h>
#include <string.h>

#include "rule.h"
#include "strategy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of matching, which is not tried here. */
bool loads_n3_seen(const struct loads *loads, uint64_t netns, const char *pattern)
{
	abort();
}

static void check(const struct sched_rule *rule)
{
	if (!memchr(rule->comm, 0, RULE_PATTERN_MAX) || !memchr(rule->netns, 0, RULE_PATTERN_MAX) ||
	    !memchr(rule->pod, 0, RULE_PATTERN_MAX) || !memchr(rule->upf, 0, RULE_PATTERN_MAX) ||
	    rule->execution_time < 1000 || rule->execution_time > STRATEGY_TIME_MAX_NS)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sched_rule rule = {.boost = true, .execution_time = 1000}, before = rule;
	char *text = calloc(size + 1, 1);
	struct err err = {0};

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	if (sched_rule_parse(text, &rule, &err) == 0)
		check(&rule);
	else if (!err.text[0] || memcmp(&rule, &before, sizeof(rule)))
		abort();
	free(text);
	return 0;
}
